import {
  CreateBatchRequest,
  CreateJobRequest,
  EffectsServiceDefinition,
  IngestServiceDefinition,
  JobServiceDefinition,
  PreviewEffectsRequest,
  PutBlobRequest,
  StorageServiceDefinition,
} from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { boundRequests, isOversized, maxStructureBytes } from "./bound-requests.ts";

const mib = 1024 * 1024;
const methods = {
  ...boundRequests(JobServiceDefinition).methods,
  ...boundRequests(StorageServiceDefinition).methods,
  ...boundRequests(EffectsServiceDefinition).methods,
  ...boundRequests(IngestServiceDefinition).methods,
};
const large = new Uint8Array(4 * mib);

test("a picture may fill a whole message, in each message that holds one", () => {
  const chunk = CreateJobRequest.encode({ part: { $case: "chunk", value: large } }).finish();
  expect(methods.createJob.requestType.decode(chunk).part).toMatchObject({ $case: "chunk" });
  const put = PutBlobRequest.encode({ part: { $case: "chunk", value: large } }).finish();
  const decoded = methods.putBlob.requestType.decode(put);
  expect(decoded.part?.$case === "chunk" && decoded.part.value.length).toBe(large.length);
  expect(isOversized(decoded)).toBe(false);
  const preview = PreviewEffectsRequest.encode(PreviewEffectsRequest.fromPartial({ picture: large })).finish();
  expect(methods.previewEffects.requestType.decode(preview).picture.length).toBe(large.length);
  const inspect = methods.inspectImage.requestType.encode({ chunk: large }).finish();
  expect(methods.inspectImage.requestType.decode(inspect).chunk.length).toBe(large.length);
});

test.each([
  // Field 1 (header) with field 1 (pipeline): a list of empty steps.
  ["a list of empty messages", Buffer.concat([Buffer.from([0x0a, 0x80, 0x80, 0x40]), Buffer.alloc(mib, "\x0a\x00")])],
  ["unknown fields", Buffer.concat([Buffer.from([0x7a, 0x80, 0x80, 0x40]), Buffer.alloc(mib)])],
  ["many small unknown fields", Buffer.alloc(mib, Buffer.from([0x78, 0x01]))],
  ["bytes that are no message", Buffer.alloc(mib, 0xff)],
  ["a length beyond the end", Buffer.concat([Buffer.from([0x7a, 0xff, 0xff, 0xff, 0xff, 0x0f]), Buffer.alloc(mib)])],
  ["groups", Buffer.alloc(mib, 0x7b)],
])("1 MiB of %s beside the picture is not decoded", (_, bytes) => {
  const request = methods.createJob.requestType.decode(bytes);
  expect(isOversized(request)).toBe(true);
  expect(request).toEqual({ part: undefined });
});

test("a request of exactly the limit is decoded", () => {
  const bytes = Buffer.alloc(maxStructureBytes, Buffer.from([0x78, 0x01]));
  expect(isOversized(methods.createJob.requestType.decode(bytes))).toBe(false);
});

test("a batch of 10,000 pictures with long names is decoded, and one of millions of empty pictures is not", () => {
  const sources = Array.from({ length: 10_000 }, () => ({ sha256: "0".repeat(64), sizeBytes: 2 ** 40 }));
  const request = CreateBatchRequest.fromPartial({ sources, names: sources.map((_, at) => `${at}`.padEnd(255, "x")) });
  const bytes = CreateBatchRequest.encode(request).finish();
  expect(bytes.length).toBeLessThan(4 * mib);
  expect(methods.createBatch.requestType.decode(bytes)).toEqual(request);
  // Field 2 (sources) without content.
  const empty = methods.createBatch.requestType.decode(Buffer.alloc(mib, Buffer.from([0x12, 0x00])));
  expect(isOversized(empty)).toBe(true);
});
