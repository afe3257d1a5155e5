import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import {
  Batch,
  BatchState,
  type CreateBatchRequest,
  JobState,
  Priority,
  type UploadPictureRequest,
} from "@pixelmesh/proto";
import { expect, test } from "vitest";
import type { UploadProgress } from "../src/index.ts";
import { startFakeMesh } from "./fake-mesh.ts";

const stopping = () => new AppError("STOPPING", "This replica is stopping", { retryAfterMs: 20 });
const pipeline = { steps: [{ id: "a", operation: { $case: "prescale" as const, value: { maxSidePx: 64 } } }] };
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Reads an upload. Returns its announced digest and its bytes. */
async function readUpload(stream: AsyncIterable<UploadPictureRequest>) {
  let bytes = Buffer.alloc(0);
  let digest = "";
  let hasEnd = false;
  for await (const { part } of stream) {
    if (part?.$case === "header") digest = part.value.sha256;
    if (part?.$case === "chunk") bytes = Buffer.concat([bytes, part.value]);
    if (part?.$case === "end") hasEnd = true;
  }
  expect(hasEnd).toBe(true);
  return { digest, bytes };
}

async function* toStream(bytes: Uint8Array) {
  yield bytes;
}

const answer = { blob: undefined, info: undefined, keepUntilUnixMs: 0 };

test("pictures are uploaded a few at once, retried, and named in their order; refused ones too", async () => {
  const seen = new Map<string, Buffer>();
  const requests: CreateBatchRequest[] = [];
  let open = 0;
  let most = 0;
  let failures = 2;
  const mesh = await startFakeMesh({
    async uploadPicture(stream) {
      open += 1;
      most = Math.max(most, open);
      try {
        const { digest, bytes } = await readUpload(stream);
        await sleep(20);
        if (failures-- > 0) throw stopping();
        if (bytes.length === 3) throw new AppError("IMAGE_TYPE_UNSUPPORTED", "Expected a picture");
        seen.set(digest, bytes);
        return answer;
      } finally {
        open -= 1;
      }
    },
    async createBatch(request) {
      requests.push(request);
      if (requests.length < 3) throw stopping();
      return Batch.create({ id: "b1" });
    },
  });
  const large = Buffer.alloc(2_500_000, 7);
  const contents = [large, Buffer.from("bad"), ...Array.from({ length: 6 }, (_, at) => Buffer.from(`picture ${at}`))];
  const counts: number[] = [];
  const pictures = contents.map((bytes, at) => ({
    name: `${at}.png`,
    ...(at % 2 === 0 ? { open: () => toStream(bytes) } : { bytes }),
  }));
  const batch = await mesh.batches.create({
    pipeline,
    pictures: [...pictures, { sha256: "f".repeat(64) }],
    uploads: 3,
    jobTimeoutMs: 5_000,
    onUploaded: (count) => counts.push(count),
  });
  expect(batch.id).toBe("b1");
  expect(most).toBe(3);
  const digests = contents.map(sha256);
  for (const [at, digest] of digests.entries()) if (at !== 1) expect(seen.get(digest)).toEqual(contents[at]);
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(new Set(requests.map(({ header }) => header?.requestId)).size).toBe(1);
  expect(requests[2]).toMatchObject({
    header: { priority: Priority.BATCH, deadlineAfterMs: 5_000, deadlineUnixMs: 0 },
    sources: [...digests, "f".repeat(64)].map((digest) => ({ sha256: digest })),
    names: [...pictures.map(({ name }) => name), ""],
  });
});

test("an upload tells the bytes that were sent, and their number where it is known", async () => {
  const received: number[] = [];
  const mesh = await startFakeMesh({
    async uploadPicture(stream) {
      received.push((await readUpload(stream)).bytes.length);
      return answer;
    },
  });
  const bytes = Buffer.alloc(2_500_000, 7);
  const progress: UploadProgress[] = [];
  const onUpload = (sent: UploadProgress) => void progress.push(sent);
  await mesh.batches.upload(bytes, { onUpload });
  const sent = progress.map(({ sentBytes }) => sentBytes);
  expect(sent.length).toBeGreaterThan(1);
  expect(sent).toEqual(sent.toSorted((a, b) => a - b));
  expect(progress.at(-1)).toEqual({ sentBytes: bytes.length, totalBytes: bytes.length });
  progress.length = 0;
  await mesh.batches.upload({ open: () => toStream(bytes) }, { onUpload });
  expect(progress.at(-1)).toEqual({ sentBytes: bytes.length, totalBytes: undefined });
  expect(received).toEqual([bytes.length, bytes.length]);
});

test("a failure that a retry cannot help ends the other uploads, and no batch is created", async () => {
  let uploads = 0;
  const mesh = await startFakeMesh({
    async uploadPicture(stream) {
      await readUpload(stream);
      uploads += 1;
      throw new AppError("UNAUTHENTICATED", "no token");
    },
  });
  const pictures = Array.from({ length: 50 }, (_, at) => ({ bytes: Buffer.from(`${at}`) }));
  await expect(mesh.batches.create({ pipeline, pictures })).rejects.toMatchObject({ reason: "UNAUTHENTICATED" });
  expect(uploads).toBeLessThanOrEqual(8);
  const broken = { open: () => failing() };
  await expect(mesh.batches.create({ pipeline, pictures: [broken] })).rejects.toThrow("disk");
  await expect(mesh.batches.create({ pipeline, pictures: [] })).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  const both = { bytes: Buffer.from("a"), open: () => toStream(Buffer.from("a")) };
  await expect(mesh.batches.create({ pipeline, pictures: [both] })).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
    message: expect.stringContaining("pictures[0]"),
  });
});

// biome-ignore lint/correctness/useYield: reading fails before the first chunk.
async function* failing(): AsyncGenerator<Uint8Array> {
  throw new Error("disk");
}

test("a watch that is interrupted goes on from its last cursor, and ends with the batch", async () => {
  const cursors: string[] = [];
  const end = (index: number) => ({
    index,
    name: "",
    jobId: `j${index}`,
    state: JobState.SUCCEEDED,
    error: undefined,
    attempt: 1,
  });
  const message = (cursor: string, state: BatchState, ...ended: number[]) =>
    Batch.create({ id: "b1", cursor, state, ended: ended.map(end) });
  const mesh = await startFakeMesh({
    async *watchBatch({ cursor }) {
      cursors.push(cursor);
      if (cursors.length === 1) {
        yield message("2", BatchState.RUNNING, 0, 1);
        throw stopping();
      }
      if (cursors.length === 2) {
        yield message("3", BatchState.RUNNING, 2);
        return;
      }
      yield message("4", BatchState.ENDED, 3);
    },
  });
  const seen: number[] = [];
  for await (const batch of mesh.batches.watch("b1")) seen.push(...batch.ended.map(({ index }) => index));
  expect(seen).toEqual([0, 1, 2, 3]);
  expect(cursors).toEqual(["", "2", "3"]);
  cursors.length = 2;
  expect((await mesh.batches.wait("b1")).state).toBe(BatchState.ENDED);
});
