import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createByteBudget } from "./byte-budget.ts";
import { createMessageDecoder, tooManyMessages } from "./message-decoder.ts";

const mib = 1024 * 1024;
const require = createRequire(import.meta.url);
/** The decoder of grpc-js, which ours replaces. */
const { StreamDecoder } = require("@grpc/grpc-js/build/src/stream-decoder.js") as {
  StreamDecoder: new (maxBytes: number) => { write(data: Buffer): Buffer[] };
};

function frame(length: number): Buffer {
  const bytes = Buffer.alloc(5 + length, length % 251);
  bytes[0] = 0;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
const openDecoder = (options: { totalBytes?: number; maxMessageBytes?: number; isCounted?: boolean } = {}) => {
  const budget = createByteBudget({ totalBytes: options.totalBytes ?? 64 * mib, name: "uploads" });
  const { maxMessageBytes = 4 * mib, isCounted = true } = options;
  return { budget, decoder: createMessageDecoder({ maxMessageBytes, share: budget.open(), isCounted }) };
};

test("finds the same messages as grpc-js's decoder, however the stream is cut", () => {
  const lengths = fc.array(fc.oneof(fc.nat(6), fc.nat(200_000)), { maxLength: 8 });
  const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 100_000 })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(lengths, cuts, (sizes, parts) => {
      const bytes = Buffer.concat(sizes.map(frame));
      const { decoder, budget } = openDecoder();
      const reference = new StreamDecoder(4 * mib);
      const found: Buffer[] = [];
      const expected: Buffer[] = [];
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const part = bytes.subarray(at, at + (parts[cut % parts.length] ?? 1));
        found.push(...decoder.write(part));
        expected.push(...reference.write(part));
        at += part.length;
      }
      expect(found.length).toBe(sizes.length);
      found.forEach((message, index) => {
        expect(Buffer.compare(message, expected[index] ?? Buffer.alloc(0))).toBe(0);
      });
      expect(budget.usedBytes).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test("an unfinished message is charged with its received bytes, in one buffer", () => {
  const { decoder, budget } = openDecoder();
  const bytes = frame(mib).subarray(0, 300_000);
  for (let at = 0; at < bytes.length; at++) decoder.write(bytes.subarray(at, at + 1));
  expect(budget.usedBytes).toBeGreaterThanOrEqual(300_000);
  expect(budget.usedBytes).toBeLessThan(600_000 + 1);
});

test("unfinished messages above the budget are refused with QUEUE_FULL", () => {
  const { decoder } = openDecoder({ totalBytes: 100_000 });
  const bytes = frame(mib);
  expect(() => {
    for (let at = 0; at < bytes.length; at += 16_384) decoder.write(bytes.subarray(at, at + 16_384));
  }).toThrow(expect.objectContaining({ reason: "QUEUE_FULL" }));
});

test.each([0, 1, 2, 100])(
  "more than 4,096 messages of %i bytes are refused, unless the method is long-lived",
  (length) => {
    const block = Buffer.concat(Array.from({ length: 100 }, () => frame(length)));
    const send = (isCounted: boolean) => () => {
      const { decoder } = openDecoder({ isCounted });
      let messages = 0;
      for (let at = 0; at < 100; at++) messages += decoder.write(block).length;
      return messages;
    };
    expect(send(true)).toThrow(tooManyMessages);
    expect(send(false)()).toBe(10_000);
  },
);

test("the number of messages of 1 KiB is unlimited, and one above the size limit is refused before it arrives", () => {
  const { decoder } = openDecoder();
  for (let at = 0; at < 10_000; at++) expect(decoder.write(frame(1_024)).length).toBe(1);
  const prefix = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
  expect(() => openDecoder().decoder.write(prefix)).toThrow(/^Received message larger than max/);
  const { decoder: slow, budget } = openDecoder();
  expect(() => prefix.forEach((byte) => void slow.write(Buffer.from([byte])))).toThrow(/larger than max/);
  expect(budget.usedBytes).toBe(0);
});
