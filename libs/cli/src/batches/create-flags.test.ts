import { expect, test } from "vitest";
import { runCli } from "../program.ts";

async function create(...args: string[]) {
  let err = "";
  const { signal } = new AbortController();
  const exitCode = await runCli(["batches", "create", ...args], {
    env: {},
    stdout: { write: () => true },
    stderr: { write: (text) => (err += text) },
    stopping: signal,
    forced: signal,
  });
  return { exitCode, err };
}

const work = ["--effect", "invert"];

test.each([
  [[], "missing required argument 'picture'"],
  [["a.png"], "Expected something to do: --upscale"],
  [
    ["-", ...work],
    "Expected `picture` to be a file, a folder or a pattern; `pixelmesh run` takes standard input, got `-`",
  ],
  [
    ["a.png", "--background", "beach.jpg"],
    "whose jobs take one picture; `pixelmesh run` takes a PICTURE, got `beach.jpg`",
  ],
  [["a.png", ...work, "--name", "a", "--name", "b"], "Expected `--name` for each of the 1 pictures, got 2 names"],
  [["a.png", ...work, "--name", "é".repeat(128)], "Expected `--name` to be a name of 1 to 255 bytes"],
  [["a.png", ...work, "--request-id", ""], "Expected `--request-id` to be 1 to 128 characters, got ``"],
  [["a.png", ...work, "--detach", "--out-dir", "."], "Expected one of `--detach` and `--out-dir`, got both"],
  [["a.png", ...work, "--detach", "-o", "x.png"], "Expected one of `--detach` and `-o`, got both"],
  [["a.png", "b.png", ...work, "-o", "x.png"], "Expected `-o` to be used with one output; there are 2, use --out-dir"],
  [["a.png", ...work, "-o", "-"], "Expected `-o` to be a file: the id of the batch goes to standard output, got `-`"],
  [["a.png", ...work, "--label", "batch:1"], "Expected `--label` to be no label that begins with batch:"],
  [
    ["a.png", ...work, ..."abcdefghi".split("").flatMap((it) => ["--label", it])],
    "Expected at most 8 `--label`, got 9",
  ],
  [["a.png", ...work, "--jobs", "65"], "Expected `--jobs` to be an integer from 1 to 64, got `65`"],
])("`batches create %j` is a usage error", async (args, text) => {
  const { exitCode, err } = await create(...args);
  expect(err).toContain(text);
  expect(exitCode).toBe(2);
});

test("a batch of more than 10,000 pictures is refused with the way out", async () => {
  const { exitCode, err } = await create(...Array.from({ length: 10_001 }, (_, at) => `${at}.png`), ...work);
  expect(err).toContain("Expected at most 10000 pictures of a batch, got 10001: create several batches");
  expect(exitCode).toBe(2);
});

test("without a mesh, create starts none and says how to start one", async () => {
  const { exitCode, err } = await create("a.png", ...work, "--address", "127.0.0.1:1");
  expect(err).toBe("pixelmesh: SERVICE_UNAVAILABLE: No mesh answers at 127.0.0.1:1. Start one with `pixelmesh up`\n");
  expect(exitCode).toBe(1);
});
