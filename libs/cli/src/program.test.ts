import { expect, test } from "vitest";
import { runCli } from "./program.ts";
import { toShortSize, toShortTime, toTable } from "./text.ts";

async function run(...args: string[]) {
  let [out, err] = ["", ""];
  const exitCode = await runCli(args, {
    env: {},
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    stopping: new AbortController().signal,
    forced: new AbortController().signal,
  });
  return { exitCode, out, err };
}

test.each([
  [["run"], "missing required argument 'picture'"],
  [["run", "a.png", "--upscale", "5"], "Expected `--upscale` to be one of 2, 3, 4, got `5`"],
  [["run", "a.png", "--upscale"], "option '--upscale <factor>' argument missing"],
  [["run", "a.png", "--max-side", "15"], "Expected `--max-side` to be an integer from 16 to 16384, got `15`"],
  [["run", "a.png", "--max-side", "1e3"], "Expected `--max-side` to be an integer from 16 to 16384, got `1e3`"],
  [["run", "a.png", "--format", "gif"], "Expected `--format` to be one of auto, jpeg, png, webp, avif, got `gif`"],
  [["run", "a.png", "--quality", "best"], "Expected `--quality` to be one of auto, high, balanced, fast, got `best`"],
  [["run", "a.png", "--priority", "low"], "Expected `--priority` to be one of interactive, batch, got `low`"],
  [
    ["run", "a.png", "--address", "localhost"],
    "Expected `--address` to be HOST:PORT or dns:///HOST:PORT, got `localhost`",
  ],
  [["run", "a.png", "b.png", "-o", "x.png"], "Expected `-o` to be used with one output"],
  [
    ["run", "a.png", "--background", "nowhere.png"],
    "Expected `--background` to be #rrggbb, blur:N or the path of a picture that exists",
  ],
  [["run", "a.png", "--embellish"], "unknown option '--embellish'"],
  [["up", "--models-dir", "nowhere"], "Expected `--models-dir` to be a directory that exists, got `nowhere`"],
  [["jobs", "list", "--limit", "0"], "Expected `--limit` to be an integer from 1 to 100000, got `0`"],
  [["top", "--interval", "0"], "Expected `--interval` to be an integer from 1 to 3600, got `0`"],
  [["jobs", "get"], "missing required argument 'id'"],
  [["dlq", "drop", "all"], "Expected `sequence` to be an integer from 1 to"],
  [["config", "nothing"], "Expected `service` to be one of ingest"],
  [["fly"], "unknown command 'fly'"],
])("`pixelmesh %j` is a usage error", async (args, text) => {
  const { exitCode, out, err } = await run(...args);
  expect(err).toContain(text);
  expect(out).toBe("");
  expect(exitCode).toBe(2);
});

test("help is no error, and lists every command", async () => {
  const { exitCode, out } = await run("--help");
  expect(exitCode).toBe(0);
  for (const command of ["up", "run", "status", "stats", "top", "jobs", "models", "dlq", "config"])
    expect(out).toContain(`  ${command} `);
});

test("a command that needs a mesh says where it looked and what to do", async () => {
  const { exitCode, err } = await run("status", "--address", "127.0.0.1:1");
  expect(err).toBe("pixelmesh: SERVICE_UNAVAILABLE: No mesh answers at 127.0.0.1:1. Start one with `pixelmesh up`\n");
  expect(exitCode).toBe(1);
});

test("sizes and times are written for people", () => {
  expect([0, 1_023, 1_024, 3_250_586, 250 * 2 ** 20].map(toShortSize)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "3.1 MiB",
    "250 MiB",
  ]);
  expect([0, 999, 1_000, 59_949, 59_950, 250_000].map(toShortTime)).toEqual([
    "0 ms",
    "999 ms",
    "1.0 s",
    "59.9 s",
    "1 min 0 s",
    "4 min 10 s",
  ]);
});

test("a table's columns line up", () => {
  expect(
    toTable([
      ["A", "B", "C"],
      ["long", "x", ""],
    ]),
  ).toBe("A     B  C\nlong  x\n");
  expect(toTable([])).toBe("");
});
