import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isListening } from "@pixelmesh/client/processes";
import { reservePorts } from "@pixelmesh/local-mesh";
import { expect, onTestFinished, test } from "vitest";
import { parseRunFlags } from "../src/run/flags.ts";
import { runPictures } from "../src/run/run-pictures.ts";
import { watchPictures } from "../src/watch/watch-pictures.ts";
import { startCli, writePicture } from "./start-cli.ts";

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pixelmesh-private-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes a folder the place of temporary files until the test ends. */
function useTemporaryFolder(folder: string): void {
  const saved = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  onTestFinished(() => {
    if (saved === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = saved;
  });
}

test("without a mesh, a private one does the work and leaves no file or process", async () => {
  const folder = createFolder();
  const picture = await writePicture(join(folder, "a.png"));
  useTemporaryFolder(folder);
  // Without an address the default one is tried first. Here it is one at which nothing answers on any machine.
  const texts = { out: "", err: "" };
  const flags = parseRunFlags([picture], {
    maxSide: 60,
    quality: "auto",
    format: "jpeg",
    priority: "interactive",
    cache: true,
    address: "127.0.0.1:1",
    outDir: folder,
  });
  const exitCode = await runPictures(
    { ...flags, isAddressGiven: false },
    {
      env: process.env,
      stdout: { write: (text) => (texts.out += text) },
      stderr: { write: (text) => (texts.err += text) },
      stopping: new AbortController().signal,
      forced: new AbortController().signal,
    },
  );
  const { out, err } = texts;
  expect(err).toContain("starting a private one");
  expect(out).toBe(`${join(folder, "a.result.jpg")}  60x40 jpeg ${out.split("jpeg ")[1]}`);
  expect(exitCode).toBe(0);
  expect(readdirSync(folder).sort()).toEqual(["a.png", "a.result.jpg"]);
});

test("without a mesh, watch keeps a private one until its end and leaves no file or process", async () => {
  const folder = createFolder();
  const [inbox, outDir, temporary] = ["in", "out", "tmp"].map((name) => join(folder, name)) as [string, string, string];
  for (const path of [inbox, temporary]) mkdirSync(path);
  await writePicture(join(inbox, "a.png"));
  useTemporaryFolder(temporary);
  const flags = parseRunFlags([inbox], {
    ...{ maxSide: 60, quality: "auto", format: "jpeg", priority: "interactive", cache: true, skipExisting: true },
    ...{ address: "127.0.0.1:1", outDir },
  });
  let err = "";
  const { signal } = new AbortController();
  const io = { env: process.env, stdout: { write() {} }, stopping: signal, forced: signal };
  const stderr = { write: (text: string) => (err += text) };
  const watched = { folder: inbox, settleMs: 100, isOnce: true, isAddressGiven: false };
  expect([await watchPictures({ ...flags, ...watched }, { ...io, stderr }), err]).toEqual([
    0,
    expect.stringMatching(/starting a private one(.*\n)+1 done of 1 pictures\n$/),
  ]);
  expect(readdirSync(outDir).sort()).toEqual([".pixelmesh-finished.jsonl", "a.result.jpg"]);
  expect(readdirSync(temporary)).toEqual([]);
});

test.each(["a flag", "the default address as a flag", "PIXELMESH_ADDRESS"])(
  "run fails where nothing answers at the address of %s, and starts no mesh",
  async (source) => {
    const folder = createFolder();
    const picture = await writePicture(join(folder, "a.png"));
    const taken = await reservePorts("127.0.0.1", 1);
    onTestFinished(taken.release);
    const dead = `127.0.0.1:${taken.ports[0]}`;
    const args = ["run", picture, "--max-side", "60", "--out-dir", folder];
    const env = source === "PIXELMESH_ADDRESS" ? { [source]: dead } : {};
    // The default address is refused only where nothing runs there; a developer's mesh would answer.
    const isDefault = source === "the default address as a flag";
    if (isDefault && (await isListening("127.0.0.1", 7400))) return;
    const flags = source === "PIXELMESH_ADDRESS" ? [] : ["--address", isDefault ? "127.0.0.1:7400" : dead];
    const { exitCode, err } = await startCli([...args, ...flags], undefined, env).done;
    expect(err).toMatch(/^pixelmesh: SERVICE_UNAVAILABLE: No mesh answers at 127\.0\.0\.1:\d+/);
    expect(err).not.toContain("private");
    expect(exitCode).toBe(1);
    expect(readdirSync(folder)).toEqual(["a.png"]);
  },
);
