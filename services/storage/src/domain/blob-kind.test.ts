import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type BlobKind, blobKinds, fromMtimeMs, strongerKind, toMtimeMs } from "./blob-kind.ts";
import { fromSavedLevel, maxSavedMs, savedLevels } from "./saved-ms.ts";

/** Until then a number holds a time in milliseconds to a quarter of a microsecond. Later a level may be read as its neighbour. */
const year2039Ms = 2 ** 41;
const fields = fc.record({
  keepUntilMs: fc.integer({ min: 1_600_000_000_000, max: year2039Ms - 1 }),
  kind: fc.constantFrom(...blobKinds),
  savedMs: fc.integer({ min: 0, max: savedLevels }).map(fromSavedLevel),
});

test("keepUntil, kind and level of the saved time survive encoding as a modification time", () => {
  fc.assert(
    fc.property(fields, (written) => {
      expect(fromMtimeMs(toMtimeMs(written))).toEqual(written);
    }),
  );
});

test("any saved time survives to 27 %", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: maxSavedMs }), fields, (savedMs, { keepUntilMs, kind }) => {
      const read = fromMtimeMs(toMtimeMs({ keepUntilMs, kind, savedMs })).savedMs;
      // Whole milliseconds are rounded besides.
      expect(Math.abs(read - savedMs)).toBeLessThanOrEqual(0.27 * savedMs + 1);
      expect(read).toBeGreaterThan(0);
    }),
  );
});

test("a time that a file system cut to microseconds or stored with the error of a fraction is read the same", () => {
  fc.assert(
    fc.property(fields, (written) => {
      const mtimeMs = toMtimeMs(written);
      const seconds = mtimeMs / 1000;
      if (written.savedMs > 0) expect(fromMtimeMs(Math.floor(seconds * 1e6) / 1000)).toEqual(written);
      expect(fromMtimeMs(seconds * 1000)).toEqual(written);
    }),
  );
});

test("keepUntil, kind and saved time survive on a real file system", async () => {
  const directory = mkdtempSync(join(tmpdir(), "pixelmesh-mtime-"));
  const path = join(directory, "blob");
  writeFileSync(path, "");
  try {
    for (const kind of blobKinds)
      for (const keepUntilMs of [1_700_000_000_000, 1_800_000_000_001, 1_800_000_000_999, year2039Ms - 1])
        for (let level = 0; level <= savedLevels; level += 1) {
          const written = { keepUntilMs, kind, savedMs: fromSavedLevel(level) };
          const seconds = toMtimeMs(written) / 1000;
          await utimes(path, seconds, seconds);
          expect(fromMtimeMs(statSync(path).mtimeMs)).toEqual(written);
        }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a modification time that was not encoded belongs to an output", () => {
  for (const tenths of [0.3, 0.55, 0.999, 0.107, 0.293, 0.06])
    expect(fromMtimeMs(1_800_000_000_000 + tenths).kind).toBe("output");
  // As older releases write it.
  expect(fromMtimeMs(1_800_000_000_123)).toEqual({ keepUntilMs: 1_800_000_000_123, kind: "output", savedMs: 0 });
  expect(fromMtimeMs(1_800_000_000_123.2)).toEqual({ keepUntilMs: 1_800_000_000_123, kind: "frame", savedMs: 0 });
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
