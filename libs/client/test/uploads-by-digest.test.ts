import { createHash, randomBytes } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import type { CreateJobRequest, FindPicturesRequest, UploadPictureRequest } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { startFakeMesh } from "./fake-mesh.ts";

const pipeline = { steps: [{ id: "a", operation: { $case: "prescale" as const, value: { maxSidePx: 64 } } }] };
const kib = 1024;
const large = randomBytes(300 * kib);
const small = randomBytes(255 * kib);
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const info = { widthPx: 7, heightPx: 5 };

async function* chunksOf(bytes: Uint8Array) {
  yield bytes.subarray(0, 1_000);
  yield bytes.subarray(1_000);
}

/** The pictures of a request: how each is named, and how many bytes it has. */
async function readJob(stream: AsyncIterable<CreateJobRequest>) {
  const pictures: { name: string; sha256: string; bytes: number }[] = [];
  for await (const { part } of stream) {
    if (part?.$case === "upload") pictures.push({ name: part.value.name, sha256: part.value.sha256, bytes: 0 });
    if (part?.$case === "chunk") pictures.at(-1)!.bytes += part.value.length;
  }
  return pictures;
}

/** A mesh that has the pictures of `stored`, and says so. */
async function startMesh(stored: ReadonlySet<string>, refuses = false) {
  const asked: FindPicturesRequest[] = [];
  const jobs: Awaited<ReturnType<typeof readJob>>[] = [];
  const uploads: number[] = [];
  const mesh = await startFakeMesh({
    async findPictures(request) {
      asked.push(request);
      const found = request.sha256.filter((sha256) => stored.has(sha256));
      return { pictures: found.map((sha256) => ({ blob: { sha256, sizeBytes: 1 }, info, keepUntilUnixMs: 3 })) };
    },
    async createJob(stream) {
      const pictures = await readJob(stream);
      jobs.push(pictures);
      if (refuses && pictures.some(({ bytes }) => bytes === 0)) throw new AppError("BLOB_NOT_FOUND", "send its bytes");
      return { id: "job-1" };
    },
    async uploadPicture(stream: AsyncIterable<UploadPictureRequest>) {
      let bytes = 0;
      for await (const { part } of stream) if (part?.$case === "chunk") bytes += part.value.length;
      uploads.push(bytes);
      return { blob: { sha256: "sent" } };
    },
  });
  return { mesh, asked, jobs, uploads };
}

const pictures = [
  { bytes: large },
  { name: "small", bytes: small },
  { name: "file", open: () => chunksOf(large.subarray(5)), sizeBytes: large.length - 5 },
  { name: "unknown", open: () => chunksOf(large) },
  { name: "once", stream: chunksOf(large), sizeBytes: large.length },
];

test("a job sends the bytes of large pictures only if the mesh lacks them, and asks once for all of them", async () => {
  const { mesh, asked, jobs } = await startMesh(new Set([digestOf(large.subarray(5))]));
  const progress: unknown[] = [];
  await mesh.jobs.create({ pipeline, pictures: pictures.slice(0, 4), onUpload: (each) => progress.push(each) });
  expect(asked).toEqual([{ sha256: [digestOf(large), digestOf(large.subarray(5))], keep: false }]);
  expect(jobs).toEqual([
    [
      { name: "source", sha256: "", bytes: large.length },
      { name: "small", sha256: "", bytes: small.length },
      { name: "file", sha256: digestOf(large.subarray(5)), bytes: 0 },
      { name: "unknown", sha256: "", bytes: large.length },
    ],
  ]);
  // The length of one of the sent pictures is unknown.
  expect(progress.at(-1)).toEqual({ sentBytes: 2 * large.length + small.length, totalBytes: undefined });
});

test("pictures that can be read once, or are small, are sent without a question", async () => {
  const { mesh, asked, jobs } = await startMesh(new Set([digestOf(small), digestOf(large)]));
  await mesh.jobs.create({ pipeline, pictures: [pictures[1]!, pictures[4]!] });
  expect(asked).toEqual([]);
  expect(jobs[0]!.map(({ bytes }) => bytes)).toEqual([small.length, large.length]);
});

test("a picture that has gone in the meantime is sent, under the same request id", async () => {
  const { mesh, jobs } = await startMesh(new Set([digestOf(large)]), true);
  expect((await mesh.jobs.create({ pipeline, pictures: [{ bytes: large }] })).id).toBe("job-1");
  expect(jobs.map(([picture]) => picture!.bytes)).toEqual([0, large.length]);
});

test("a mesh that cannot tell gets the bytes", async () => {
  const bytes: number[] = [];
  const mesh = await startFakeMesh({
    async findPictures() {
      throw new AppError("METHOD_UNIMPLEMENTED", "of a former release");
    },
    async createJob(stream) {
      bytes.push((await readJob(stream))[0]!.bytes);
      return { id: "job-1" };
    },
  });
  await mesh.jobs.create({ pipeline, pictures: [{ bytes: large }] });
  expect(bytes).toEqual([large.length]);
});

test("uploads and batches keep what the mesh has, and send the rest", async () => {
  const { mesh, asked, uploads } = await startMesh(new Set([digestOf(large)]));
  expect(await mesh.batches.upload(large)).toMatchObject({
    blob: { sha256: digestOf(large) },
    info,
    keepUntilUnixMs: 3,
  });
  expect(await mesh.batches.upload({ open: () => chunksOf(large) })).toMatchObject({ keepUntilUnixMs: 3 });
  expect(await mesh.batches.upload(small)).toMatchObject({ blob: { sha256: "sent" } });
  expect(await mesh.batches.upload(large.subarray(1))).toMatchObject({ blob: { sha256: "sent" } });
  expect(uploads).toEqual([small.length, large.length - 1]);
  expect(asked.map(({ keep, sha256 }) => [keep, sha256])).toEqual([
    [true, [digestOf(large)]],
    [true, [digestOf(large)]],
    [true, [digestOf(large.subarray(1))]],
  ]);
});
