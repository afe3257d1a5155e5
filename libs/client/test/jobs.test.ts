import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import { type CreateJobHeader, type CreateJobRequest, JobState } from "@pixelmesh/proto";
import { toChunks } from "@pixelmesh/rpc";
import { expect, onTestFinished, test } from "vitest";
import { connectPixelmesh } from "../src/index.ts";
import { startFakeMesh } from "./fake-mesh.ts";
import { toArray } from "./to-array.ts";

const stopping = () => new AppError("STOPPING", "This replica is stopping", { retryAfterMs: 20 });

async function readUpload(stream: AsyncIterable<CreateJobRequest>) {
  const headers: CreateJobHeader[] = [];
  const pictures: { name: string; bytes: Buffer }[] = [];
  let hasEnd = false;
  for await (const { part } of stream) {
    expect(hasEnd).toBe(false);
    if (part?.$case === "end") hasEnd = true;
    if (part?.$case === "header") headers.push(part.value);
    if (part?.$case === "upload") pictures.push({ name: part.value.name, bytes: Buffer.alloc(0) });
    if (part?.$case === "chunk") {
      expect(part.value.length).toBeLessThanOrEqual(1024 * 1024);
      pictures.at(-1)!.bytes = Buffer.concat([pictures.at(-1)!.bytes, part.value]);
    }
  }
  return { header: headers[0]!, headers, pictures, hasEnd };
}

const large = Buffer.alloc(2_500_000, 7);

test("an interrupted creation is retried under the same request id, with all bytes", async () => {
  const seen: Awaited<ReturnType<typeof readUpload>>[] = [];
  const mesh = await startFakeMesh({
    async createJob(stream) {
      seen.push(await readUpload(stream));
      if (seen.length < 3) throw stopping();
      return { id: "job-1" };
    },
  });
  const job = await mesh.jobs.create({
    pipeline: { steps: [{ id: "a", operation: { $case: "prescale", value: { maxSidePx: 64 } } }] },
    pictures: [{ bytes: large }, { name: "background", open: () => toStream(large.subarray(0, 9)) }],
  });
  expect(job.id).toBe("job-1");
  expect(seen).toHaveLength(3);
  expect(new Set(seen.map(({ header }) => header.requestId)).size).toBe(1);
  expect(seen[0]!.header.requestId).toMatch(/^[0-9a-f-]{36}$/);
  for (const { pictures, hasEnd } of seen) {
    expect(hasEnd).toBe(true);
    expect(pictures.map(({ name, bytes }) => [name, bytes.length])).toEqual([
      ["source", large.length],
      ["background", 9],
    ]);
  }
});

test("a creation with a `stream` is not retried, and its failure is thrown", async () => {
  let calls = 0;
  const mesh = await startFakeMesh({
    async createJob(stream) {
      calls += 1;
      await readUpload(stream);
      throw stopping();
    },
  });
  const creating = mesh.jobs.create({ pipeline: {}, pictures: [{ stream: toStream(large) }] });
  await expect(creating).rejects.toMatchObject({ reason: "STOPPING" });
  expect(calls).toBe(1);
});

test("a refused picture is not sent again, and its reason is thrown", async () => {
  let calls = 0;
  const mesh = await startFakeMesh({
    async createJob() {
      calls += 1;
      throw new AppError("IMAGE_CORRUPT", "The picture cannot be decoded");
    },
  });
  const creating = mesh.jobs.create({ pipeline: {}, pictures: [{ bytes: large }] });
  await expect(creating).rejects.toMatchObject({ reason: "IMAGE_CORRUPT", message: "The picture cannot be decoded" });
  expect(calls).toBe(1);
});

test("a picture that cannot be read throws its own error, and its upload has no end message", async () => {
  const ends: boolean[] = [];
  const arrived = Promise.withResolvers<void>();
  const mesh = await startFakeMesh({
    async createJob(stream) {
      arrived.resolve();
      ends.push((await readUpload(stream).catch(() => ({ hasEnd: false }))).hasEnd);
      return { id: "never" };
    },
  });
  const broken = new Error("disk on fire");
  async function* open() {
    yield Uint8Array.of(1);
    await arrived.promise;
    throw broken;
  }
  await expect(mesh.jobs.create({ pipeline: {}, pictures: [{ open }] })).rejects.toBe(broken);
  await expect.poll(() => ends).toEqual([false]);
});

test("a watch survives replicas that stop, skips older states, and ends with the terminal state", async () => {
  let calls = 0;
  const mesh = await startFakeMesh({
    async *watchJob() {
      calls += 1;
      if (calls === 1) {
        yield { state: JobState.RUNNING, revision: 1 };
        yield { state: JobState.RUNNING, revision: 3, progress: 0.5 };
        throw stopping();
      }
      if (calls === 2) return; // Ended without a terminal state, as behind a proxy that drops idle streams.
      yield { state: JobState.RUNNING, revision: 2 };
      yield { state: JobState.SUCCEEDED, revision: 4 };
    },
  });
  const revisions: number[] = [];
  for await (const job of mesh.jobs.watch("x")) revisions.push(job.revision);
  expect(revisions).toEqual([1, 3, 4]);
  expect(calls).toBe(3);
});

test("thousands of watches do not end their connection", async () => {
  const played = {
    async *watchJob() {
      yield { state: JobState.SUCCEEDED, revision: 1 };
    },
  };
  const mesh = await startFakeMesh(played, { retryTimeoutMs: 0 });
  // A cancelled watch is a stream that is reset. Servers take more than 1,000 resets for an attack and end the connection with all
  // its calls.
  const watches = 2_500;
  let [begun, seen] = [0, 0];
  const watch = async () => {
    while (begun++ < watches) for await (const { revision } of mesh.jobs.watch("x")) seen += revision;
  };
  await Promise.all(Array.from({ length: 32 }, watch));
  expect(seen).toBe(watches);
});

test("a watch of a mesh that stays away fails with SERVICE_UNAVAILABLE", async () => {
  const mesh = connectPixelmesh({ address: "127.0.0.1:1", retryTimeoutMs: 300 });
  onTestFinished(() => mesh.close());
  await expect(mesh.jobs.wait("x")).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
});

test("a watch fails at once when its signal is aborted", async () => {
  const mesh = await startFakeMesh({
    async *watchJob(_request, { signal }) {
      yield { state: JobState.RUNNING, revision: 1 };
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  });
  const stop = new AbortController();
  const watching = (async () => {
    for await (const _ of mesh.jobs.watch("x", { signal: stop.signal })) stop.abort();
  })();
  const error = await watching.catch((failure: unknown) => failure);
  expect(error).toMatchObject({ reason: "CANCELLED", cause: stop.signal.reason });
});

test("a list covers all pages", async () => {
  const mesh = await startFakeMesh({
    async listJobs({ pageToken, pageSize }) {
      expect(pageSize).toBe(2);
      const page = Number(pageToken || "0");
      return { jobs: [{ id: `${page}a` }, { id: `${page}b` }], nextPageToken: page < 2 ? String(page + 1) : "" };
    },
  });
  const ids = (await toArray(mesh.jobs.list({ pageSize: 2 }))).map(({ id }) => id);
  expect(ids).toEqual(["0a", "0b", "1a", "1b", "2a", "2b"]);
});

const sha256 = createHash("sha256").update(large).digest("hex");

test("a broken download resumes at the last received byte", async () => {
  const offsets: number[] = [];
  const mesh = await startFakeMesh({
    async *downloadOutput({ offsetBytes }) {
      offsets.push(offsetBytes);
      yield { part: { $case: "header", value: { name: "result", sha256, sizeBytes: large.length } } };
      for (const value of toChunks(large.subarray(offsetBytes), 1_000_000)) {
        yield { part: { $case: "chunk", value } };
        if (offsetBytes === 0) throw stopping();
      }
    },
  });
  const { header, chunks } = await mesh.jobs.download("x", "result");
  expect(header.sizeBytes).toBe(large.length);
  expect(Buffer.concat(await toArray(chunks)).equals(large)).toBe(true);
  expect(offsets).toEqual([0, 1_000_000]);
});

test("a download whose bytes differ from the header throws BLOB_CORRUPT", async () => {
  const mesh = await startFakeMesh({
    async *downloadOutput() {
      yield { part: { $case: "header", value: { name: "result", sha256, sizeBytes: large.length } } };
      for (const value of toChunks(Buffer.alloc(large.length, 8))) yield { part: { $case: "chunk", value } };
    },
  });
  const { chunks } = await mesh.jobs.download("x", "result");
  await expect(toArray(chunks)).rejects.toMatchObject({ reason: "BLOB_CORRUPT" });
});

async function* toStream(bytes: Uint8Array) {
  yield* toChunks(bytes, 64 * 1024);
}
