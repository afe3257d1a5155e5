import { createHash, randomBytes } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { toChunks } from "./chunks.ts";
import { openResumable } from "./open-resumable.ts";

const content = randomBytes(100_000);
const sha256 = createHash("sha256").update(content).digest("hex");
const whole = { sha256, sizeBytes: content.length };
const times = { name: "Output `x`", retryTimeoutMs: 20_000, timeoutMs: 60_000 };
const lost = () => new AppError("SERVICE_UNAVAILABLE", "the connection was lost");

/** A source whose n-th stream yields `lengths[n]` bytes and then breaks; the others are whole. */
function breaking(lengths: readonly number[], bytes: Uint8Array = content) {
  const offsets: number[] = [];
  const open = async (offset: number) => {
    const length = lengths[offsets.length];
    offsets.push(offset);
    async function* chunks() {
      yield* toChunks(bytes.subarray(offset, length === undefined ? undefined : offset + length), 4_096);
      if (length !== undefined) throw lost();
    }
    return { header: whole, chunks: chunks() };
  };
  return { open, offsets };
}

async function read(chunks: AsyncIterable<Uint8Array>, into: Uint8Array[] = []): Promise<Buffer> {
  for await (const chunk of chunks) into.push(Buffer.from(chunk));
  return Buffer.concat(into);
}

test("any breaks lose and repeat no byte, and each stream begins where the last one ended", async () => {
  const lengths = fc.array(fc.oneof(fc.nat(3), fc.nat(60_000), fc.constant(content.length)), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(lengths, fc.oneof(fc.constant(0), fc.nat(content.length)), async (lengths, offsetBytes) => {
      const { open, offsets } = breaking(lengths);
      const { chunks } = await openResumable(open, { ...times, offsetBytes });
      expect((await read(chunks)).equals(content.subarray(offsetBytes))).toBe(true);
      for (let n = 1; n < offsets.length; n++)
        expect(offsets[n]).toBe(Math.min(content.length, offsets[n - 1]! + lengths[n - 1]!));
    }),
    { numRuns: 12 },
  );
});

test("wrong bytes are never passed on whole", async () => {
  const wrong = Buffer.from(content);
  wrong[70_000]! ^= 1;
  const got: Uint8Array[] = [];
  const { chunks } = await openResumable(breaking([30_000], wrong).open, times);
  await expect(read(chunks, got)).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
  expect(Buffer.concat(got).length).toBeLessThan(content.length);
});

test("too few and too many bytes are corrupt", async () => {
  for (const bytes of [content.subarray(1), Buffer.concat([content, Buffer.alloc(1)])]) {
    const { chunks } = await openResumable(breaking([], bytes).open, times);
    await expect(read(chunks)).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
  }
});

test("bytes that have changed in between are corrupt, before any of the new ones is passed on", async () => {
  const { open, offsets } = breaking([10_000]);
  const changing = async (offset: number) => {
    const opened = await open(offset);
    return offset === 0 ? opened : { ...opened, header: { ...whole, sha256: "0".repeat(64) } };
  };
  const got: Uint8Array[] = [];
  const { chunks } = await openResumable(changing, times);
  await expect(read(chunks, got)).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
  expect([Buffer.concat(got).length, offsets]).toEqual([10_000, [0, 10_000]]);
});

test("a failure that no repetition cures is thrown at once; others after 100 interruptions, or when the time is over", async () => {
  const gone = async () => {
    throw new AppError("OUTPUT_EXPIRED", "it is gone");
  };
  await expect(openResumable(gone, times)).rejects.toMatchObject({ reason: "OUTPUT_EXPIRED" });
  let opened = 0;
  const never = async () => {
    opened += 1;
    throw lost();
  };
  await expect(openResumable(never, { ...times, retryTimeoutMs: 500 })).rejects.toMatchObject({
    reason: "SERVICE_UNAVAILABLE",
  });
  expect(opened).toBeGreaterThan(1);
  opened = 0;
  await expect(openResumable(never, { ...times, retriesOpening: false })).rejects.toThrow("lost");
  expect(opened).toBe(1);
  await expect(openResumable(never, { ...times, timeoutMs: 1 })).rejects.toThrow("lost");
});
