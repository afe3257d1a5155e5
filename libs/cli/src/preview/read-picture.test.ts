import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { readPicture } from "./read-picture.ts";

const { signal } = new AbortController();

test("a picture is read whole, up to the limit", async () => {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-read-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, "a.png");
  writeFileSync(path, Buffer.alloc(100, 7));
  expect(await readPicture(path, { stopping: signal }, 100)).toEqual(Buffer.alloc(100, 7));
  await expect(readPicture(path, { stopping: signal }, 99)).rejects.toMatchObject({ reason: "IMAGE_TOO_MANY_BYTES" });
});

test("endless standard input is refused at the limit", async () => {
  let given = 0;
  function* endless() {
    for (;;) {
      given += 1_000_000;
      yield Buffer.alloc(1_000_000);
    }
  }
  const streams = { stdin: Readable.from(endless()), stdout: new Writable() };
  const reading = readPicture("-", { stopping: signal, streams }, 80_000_000);
  await expect(reading).rejects.toMatchObject({ reason: "IMAGE_TOO_MANY_BYTES" });
  expect(given).toBeLessThan(120_000_000);
});
