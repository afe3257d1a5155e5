import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRasterSink } from "@pixelmesh/imaging";
import { createLifecycle } from "@pixelmesh/lifecycle";
import { expect, onTestFinished, test } from "vitest";
import { openScratch } from "./scratch-directory.ts";

const quiet = { info() {}, error() {} };

async function createParent() {
  const scratchDir = await mkdtemp(join(tmpdir(), "scratch-"));
  onTestFinished(() => rm(scratchDir, { recursive: true, force: true }));
  return scratchDir;
}

test("closing a frame store removes its files; closing the process removes the rest", async () => {
  const scratchDir = await createParent();
  const life = createLifecycle(quiet);
  const scratch = await openScratch({ life, service: "upscale" }, { scratchDir, maxFrameBytes: 10 });
  const fill = async () => {
    const frameStore = scratch.openFrameStore();
    const sink = await createRasterSink({ widthPx: 5, heightPx: 1, channels: 3 }, frameStore);
    await sink.writeRows(0, new Uint8Array(15));
    await sink.end();
    return frameStore;
  };
  expect(await readdir(scratchDir)).toEqual([]);
  const frameStore = await fill();
  await fill();
  const [own = ""] = await readdir(scratchDir);
  expect(await readdir(join(scratchDir, own))).toHaveLength(2);
  await frameStore.close();
  await frameStore.close();
  expect(await readdir(join(scratchDir, own))).toHaveLength(1);
  await life.close();
  expect(await readdir(scratchDir)).toEqual([]);
});

test("directories of dead processes are removed, those of living ones are kept", async () => {
  const scratchDir = await createParent();
  const create = async (name: string) => {
    const path = join(scratchDir, name);
    await mkdir(path);
    await writeFile(join(path, "1.v"), "pixels");
    return path;
  };
  // Process numbers end at 4,194,304.
  const dead = await create("pixelmesh-upscale-4194305-abc");
  const living = await create(`pixelmesh-upscale-${process.ppid}-abc`);
  const mine = await create(`pixelmesh-upscale-${process.pid}-abc`);
  const foreign = await create("else");
  const life = createLifecycle(quiet);
  await openScratch({ life, service: "upscale" }, { scratchDir, maxFrameBytes: 10 });
  expect([dead, living, mine, foreign].map((path) => existsSync(path))).toEqual([false, true, true, true]);
  await life.close();
});
