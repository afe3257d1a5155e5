import { IngestServiceDefinition, PrescaleImageRequest, StorageServiceDefinition } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { withQuickChunks } from "./chunk-messages.ts";

const { prescaleImage } = withQuickChunks(IngestServiceDefinition).methods;
const plain = PrescaleImageRequest;

/** Returns the bytes that nice-grpc sends: it passes what `finish` returns to `Buffer.from`. */
const sent = (message: PrescaleImageRequest) => Buffer.from(prescaleImage.requestType.encode(message).finish());

test("a chunk has the bytes that the generated encoder gives it", () => {
  const lengths = fc.oneof(fc.nat(300), fc.constantFrom(127, 128, 16_383, 16_384, 70_000, 1_048_576));
  fc.assert(
    fc.property(lengths, fc.nat(255), (length, seed) => {
      const value = Uint8Array.from({ length }, (_, at) => (at * 31 + seed) & 255);
      const message = plain.fromPartial({ part: { $case: "chunk", value } });
      expect(sent(message).equals(plain.encode(message).finish())).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test("a view of a larger memory is sent alone", () => {
  const value = Uint8Array.from({ length: 5_000 }, (_, at) => at & 255).subarray(1_000, 3_000);
  const message = plain.fromPartial({ part: { $case: "chunk", value } });
  expect(plain.decode(new Uint8Array(sent(message)))).toEqual(message);
});

test("messages without a chunk are encoded as before", () => {
  const header = plain.fromPartial({ part: { $case: "header", value: { operation: { maxSidePx: 9 } } } });
  expect(sent(header).equals(plain.encode(header).finish())).toBe(true);
  expect(sent(plain.fromPartial({}))).toHaveLength(0);
});

test("types without chunks and definitions of other generators keep their encoders", () => {
  const { statBlob } = StorageServiceDefinition.methods;
  expect(withQuickChunks(StorageServiceDefinition).methods.statBlob.requestType).toBe(statBlob.requestType);
  const other = {};
  expect(withQuickChunks(other)).toBe(other);
});
