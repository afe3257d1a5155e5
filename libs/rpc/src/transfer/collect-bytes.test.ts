import fc from "fast-check";
import { expect, test } from "vitest";
import { createByteBudget } from "../limits/byte-budget.ts";
import { coalesceChunks, collectBytes } from "./collect-bytes.ts";

const mib = 1024 * 1024;
const openBudget = (totalBytes = 1_024 * mib) => createByteBudget({ totalBytes, name: "uploads" });

async function* chunksOf(chunks: Iterable<Uint8Array>) {
  yield* chunks;
}
/** Chunks of the given sizes; each byte depends on its position. */
function* numbered(sizes: readonly number[]) {
  let at = 0;
  for (const size of sizes) yield Uint8Array.from({ length: size }, () => at++ % 251);
}
const sizes = fc.array(fc.oneof(fc.nat(3), fc.nat(400_000)), { maxLength: 12 });

test("collecting and coalescing keep the bytes of any chunks", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(2 * mib), async (lengths, announced) => {
      const expected = Buffer.concat([...numbered(lengths)]);
      const share = openBudget().open();
      const options = { maxBytes: 10 * mib, share, sizeBytes: announced };
      const collected = await collectBytes(chunksOf(numbered(lengths)), options);
      expect(Buffer.compare(collected, expected)).toBe(0);
      const blocks = await Array.fromAsync(coalesceChunks(chunksOf(numbered(lengths)), openBudget().open()));
      expect(Buffer.compare(Buffer.concat(blocks), expected)).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test("the memory of the chunks is not kept", async () => {
  const message = new Uint8Array(4 * mib);
  const share = openBudget().open();
  const bytes = await collectBytes(chunksOf([message.subarray(7, 8)]), { maxBytes: 100, share });
  expect(bytes.buffer.byteLength).toBeLessThan(mib);
  const [block] = await Array.fromAsync(coalesceChunks(chunksOf([message.subarray(7, 8)]), share));
  expect(block?.buffer.byteLength).toBeLessThan(mib);
});

test("a single chunk that fills its buffer is not copied, and its buffer is charged", async () => {
  const message = new Uint8Array(200_010).fill(7);
  const chunk = message.subarray(10);
  const share = openBudget().open();
  const bytes = await collectBytes(chunksOf([new Uint8Array(0), chunk]), { maxBytes: 200_000, share });
  expect(bytes).toBe(chunk);
  expect(share.heldBytes).toBe(16 * 1024 + message.length);
  const more = openBudget().open();
  const joined = await collectBytes(chunksOf([chunk, Uint8Array.of(1)]), { maxBytes: 300_000, share: more });
  expect(joined.buffer).not.toBe(message.buffer);
  expect(Buffer.compare(joined, Buffer.concat([chunk, Uint8Array.of(1)]))).toBe(0);
  expect(more.heldBytes).toBe(16 * 1024 + joined.buffer.byteLength);
  const full = openBudget().open();
  await expect(collectBytes(chunksOf([chunk]), { maxBytes: 199_999, share: full })).rejects.toThrow("at most 199999");
});

test("allocated memory is charged, with an overhead for each upload", async () => {
  const budget = openBudget();
  const share = budget.open();
  await collectBytes(chunksOf([]), { maxBytes: 100, share });
  expect(budget.usedBytes).toBe(16 * 1024);
  const large = budget.open();
  await collectBytes(chunksOf(numbered(Array.from({ length: 30 }, () => 100_000))), {
    maxBytes: 10 * mib,
    share: large,
  });
  expect(large.heldBytes).toBeGreaterThanOrEqual(3_000_000);
  expect(large.heldBytes).toBeLessThan(2 * 3_000_000);
});

test("a false announced length costs at most four times the received bytes", async () => {
  const budget = openBudget();
  const share = budget.open();
  await collectBytes(chunksOf(numbered([mib])), { maxBytes: 64 * mib, share, sizeBytes: 64 * mib });
  expect(share.heldBytes).toBeLessThan(4 * mib);
});

test("an announced upload fits a budget of a quarter more than its length", async () => {
  const share = openBudget(13 * mib).open();
  const chunks = Array.from({ length: 40 }, () => 256 * 1024);
  await collectBytes(chunksOf(numbered(chunks)), { maxBytes: 64 * mib, share, sizeBytes: 10 * mib });
  expect(share.heldBytes).toBe(10 * mib + 16 * 1024);
});

test("the chunk above the limit ends an upload, and too little memory ends it with QUEUE_FULL", async () => {
  let sent = 0;
  async function* endless() {
    for (;;) {
      sent += 1;
      yield new Uint8Array(10);
    }
  }
  const share = openBudget().open();
  await expect(collectBytes(endless(), { maxBytes: 95, share })).rejects.toMatchObject({
    reason: "IMAGE_TOO_MANY_BYTES",
  });
  expect(sent).toBe(10);
  const small = openBudget(mib).open();
  await expect(collectBytes(endless(), { maxBytes: 64 * mib, share: small })).rejects.toMatchObject({
    reason: "QUEUE_FULL",
    retryAfterMs: 1_000,
  });
});

test("small chunks are joined, large ones are passed on unchanged", async () => {
  const large = new Uint8Array(300_000);
  const small = numbered(Array.from({ length: 3_000 }, () => 100));
  const budget = openBudget();
  const share = budget.open();
  const blocks = await Array.fromAsync(coalesceChunks(chunksOf([...small, large]), share));
  expect(blocks.at(-1)).toBe(large);
  expect(blocks.map(({ length }) => length)).toEqual([262_100, 37_900, 300_000]);
  // A block is charged until the next one is requested.
  expect(budget.usedBytes).toBe(16 * 1024);
});
