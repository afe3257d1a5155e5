import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type BlobKind, blobKinds, fromMtimeMs, strongerKind, toMtimeMs } from "./blob-kind.ts";

const year2100Ms = 4_102_444_800_000;
const fields = fc.record({
  keepUntilMs: fc.integer({ min: 1_600_000_000_000, max: year2100Ms }),
  kind: fc.constantFrom(...blobKinds),
});

test("keepUntil and kind survive encoding as a modification time", () => {
  fc.assert(
    fc.property(fields, (written) => {
      expect(fromMtimeMs(toMtimeMs(written))).toEqual(written);
    }),
  );
});

test("keepUntil and kind survive on a real file system", async () => {
  const directory = mkdtempSync(join(tmpdir(), "pixelmesh-mtime-"));
  const path = join(directory, "blob");
  writeFileSync(path, "");
  try {
    for (const kind of blobKinds)
      for (const keepUntilMs of [1_700_000_000_000, 1_800_000_000_001, 1_800_000_000_999, year2100Ms - 1]) {
        const seconds = toMtimeMs({ keepUntilMs, kind }) / 1000;
        await utimes(path, seconds, seconds);
        expect(fromMtimeMs(statSync(path).mtimeMs)).toEqual({ keepUntilMs, kind });
      }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a modification time that was not encoded belongs to an output", () => {
  for (const tenths of [0.3, 0.55, 0.999, 0.15, 0.06])
    expect(fromMtimeMs(1_800_000_000_000 + tenths).kind).toBe("output");
  // As an older release writes it.
  expect(fromMtimeMs(1_800_000_000_123)).toEqual({ keepUntilMs: 1_800_000_000_123, kind: "output" });
});

test("of two kinds the one that is evicted later counts", () => {
  const pairs: [BlobKind, BlobKind, BlobKind][] = [
    ["output", "frame", "output"],
    ["frame", "input", "input"],
    ["input", "output", "output"],
    ["frame", "frame", "frame"],
  ];
  for (const [one, other, stronger] of pairs) expect(strongerKind(one, other)).toBe(stronger);
});
