import { createHash } from "node:crypto";
import {
  EffectsServiceDefinition,
  type EffectsServiceImplementation,
  IngestServiceDefinition,
  type IngestServiceImplementation,
  UpscaleServiceDefinition,
  type UpscaleServiceImplementation,
} from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { AppError, ImageFormat, PreviewMode } from "../src/index.ts";
import { startFakeMesh } from "./fake-mesh.ts";
import { toArray } from "./to-array.ts";

const unused = async () => {
  throw new AppError("INTERNAL", "not used in this test");
};
async function* unusedStream() {}

/** Starts a mesh with fake services of direct calls. */
function startDirectMesh(
  {
    effects = {},
    upscale = {},
    ingest = {},
  }: {
    readonly effects?: Partial<EffectsServiceImplementation>;
    readonly upscale?: Partial<UpscaleServiceImplementation>;
    readonly ingest?: Partial<IngestServiceImplementation>;
  },
  options: Parameters<typeof startFakeMesh>[1] = {},
) {
  return startFakeMesh({}, options, {}, (server) => {
    server.add(EffectsServiceDefinition, {
      applyEffects: unusedStream,
      previewEffects: unused,
      previewPicture: unused,
      listEffects: unused,
      ...effects,
    });
    server.add(UpscaleServiceDefinition, {
      upscaleImage: unusedStream,
      listModels: unused,
      loadModel: unused,
      unloadModel: unused,
      ...upscale,
    });
    server.add(IngestServiceDefinition, { inspectImage: unused, prescaleImage: unusedStream, ...ingest });
  });
}

type Part = { readonly $case: string; readonly value: unknown };

/** Reads an upload: its header, its bytes, and the sizes of its chunks. */
async function receive(stream: AsyncIterable<{ part?: Part | undefined }>) {
  const [header, ...chunks] = (await toArray(stream)).map(({ part }) => part?.value);
  return { header, bytes: Buffer.concat(chunks as Uint8Array[]), sizes: chunks.map((it) => (it as Uint8Array).length) };
}

const operation = { effects: [{ name: "dither", parameters: {} }] };
const header = { format: ImageFormat.PNG, widthPx: 1, heightPx: 1, sizeBytes: 3, notices: [] };
const picture = Uint8Array.from({ length: 600_000 }, (_, at) => at % 251);

/** Responds with progress that also falls, and with a picture of the bytes 1, 2, 3. */
async function* respond() {
  for (const value of [0.2, 0.1, 0.6, 1]) yield { part: { $case: "progress" as const, value } };
  yield { part: { $case: "header" as const, value: header } };
  for (const bytes of [[1], [2, 3]]) yield { part: { $case: "chunk" as const, value: Uint8Array.from(bytes) } };
}

test("a direct call sends header and chunks, reports rising progress, and streams the result", async () => {
  let seen: Awaited<ReturnType<typeof receive>> | undefined;
  const mesh = await startDirectMesh({
    upscale: {
      async *upscaleImage(stream) {
        seen = await receive(stream);
        yield* respond();
      },
    },
  });
  const progress: number[] = [];
  const result = await mesh.upscale(
    picture,
    { scale: 2 },
    { encoding: { format: ImageFormat.PNG }, maxOutputPixels: 99, onProgress: (fraction) => progress.push(fraction) },
  );
  expect(result.header).toEqual(header);
  expect(Buffer.concat(await toArray(result.chunks))).toEqual(Buffer.of(1, 2, 3));
  expect(progress).toEqual([0.2, 0.6, 1]);
  expect(seen?.header).toMatchObject({
    operation: { scale: 2, model: "" },
    encoding: { format: ImageFormat.PNG, quality: 0 },
    maxOutputPixels: 99,
  });
  expect(seen?.bytes).toEqual(Buffer.from(picture));
  expect(seen?.sizes).toEqual([262_144, 262_144, 75_712]);
});

test("a full mesh is asked again, with the whole picture, which may come from a function", async () => {
  let tries = 0;
  const mesh = await startDirectMesh({
    effects: {
      async *applyEffects(stream) {
        const { bytes } = await receive(stream);
        expect(bytes.length).toBe(4);
        tries += 1;
        if (tries === 1) throw new AppError("QUEUE_FULL", "full", { retryAfterMs: 10 });
        yield* respond();
      },
    },
  });
  async function* open() {
    yield Uint8Array.of(1, 2);
    yield Uint8Array.of(3, 4);
  }
  const { chunks } = await mesh.applyEffects({ open }, operation);
  expect(await toArray(chunks)).toHaveLength(2);
  expect(tries).toBe(2);
});

test("errors of the mesh and of the picture are passed on, and are not retried", async () => {
  let tries = 0;
  const mesh = await startDirectMesh({
    effects: {
      // biome-ignore lint/correctness/useYield: it only refuses.
      async *applyEffects(stream) {
        tries += 1;
        await receive(stream);
        throw new AppError("UNKNOWN_EFFECT", "There is no effect `dither`");
      },
    },
  });
  await expect(mesh.applyEffects(picture, operation)).rejects.toMatchObject({ reason: "UNKNOWN_EFFECT" });
  expect(tries).toBe(1);
  const broken = new Error("the disk is broken");
  // biome-ignore lint/correctness/useYield: it only fails.
  async function* open(): AsyncGenerator<Uint8Array> {
    throw broken;
  }
  await expect(mesh.applyEffects({ open }, operation)).rejects.toBe(broken);
});

test("a result with other bytes than its header announces fails with RESULT_INVALID", async () => {
  const mesh = await startDirectMesh({
    effects: {
      async *applyEffects(stream) {
        await receive(stream);
        yield { part: { $case: "header" as const, value: { ...header, sizeBytes: 4 } } };
        yield { part: { $case: "chunk" as const, value: Uint8Array.of(1, 2, 3) } };
      },
    },
  });
  const { chunks } = await mesh.applyEffects(picture, operation);
  await expect(toArray(chunks)).rejects.toMatchObject({ reason: "RESULT_INVALID" });
});

test("a direct call ends with its signal, with its time and with the client", async () => {
  let started = 0;
  let cancelled = 0;
  const mesh = await startDirectMesh({
    effects: {
      async *applyEffects(_stream, { signal }) {
        started += 1;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        cancelled += 1;
        yield* respond();
      },
    },
  });
  const stop = new AbortController();
  const running = mesh.applyEffects(picture, operation, { signal: stop.signal });
  const whenStarted = (before: number) => expect.poll(() => started).toBeGreaterThan(before);
  void whenStarted(0).then(() => stop.abort("enough"));
  await expect(running).rejects.toMatchObject({ reason: "CANCELLED", cause: "enough" });
  await expect.poll(() => cancelled).toBe(1);
  await expect(mesh.applyEffects(picture, operation, { timeoutMs: 50 })).rejects.toMatchObject({
    reason: "DEADLINE_EXCEEDED",
  });
  const last = mesh.applyEffects(picture, operation);
  void whenStarted(started).then(() => mesh.close());
  await expect(last).rejects.toMatchObject({ reason: "CANCELLED", message: "The client was closed" });
});

test("a preview takes bytes, a digest or an output, and sends many bytes as a stream", async () => {
  const requests: unknown[] = [];
  const response = { header, picture: Uint8Array.of(9), sourceSha256: "ab", cached: true, memoryBytes: 7 };
  const mesh = await startDirectMesh({
    effects: {
      async previewEffects(request) {
        requests.push(request);
        return response;
      },
      async previewPicture(stream) {
        const { header: view, bytes } = await receive(stream);
        requests.push({ view, length: bytes.length });
        return response;
      },
    },
  });
  const { effects } = operation;
  expect(await mesh.previewEffects({ source: Uint8Array.of(1), effects, mode: PreviewMode.HIGH })).toEqual({
    header,
    bytes: Buffer.of(9),
    sourceSha256: "ab",
    isCached: true,
    memoryBytes: 7,
  });
  await mesh.previewEffects({ source: { sha256: "cd" }, effects, viewer: "left", maxSidePx: 64 });
  await mesh.previewEffects({ source: { jobId: "job", output: "small" }, effects });
  await mesh.previewEffects({ source: new Uint8Array(3 * 1024 * 1024 + 1), effects, viewer: "right" });
  expect(requests).toMatchObject([
    { picture: Buffer.of(1), mode: PreviewMode.HIGH, sha256: "", viewer: "" },
    { sha256: "cd", viewer: "left", maxSidePx: 64, mode: PreviewMode.UNSPECIFIED },
    { jobOutput: { jobId: "job", name: "small" } },
    { view: { viewer: "right" }, length: 3 * 1024 * 1024 + 1 },
  ]);
});

test("a picture is inspected and prescaled", async () => {
  const info = { format: ImageFormat.JPEG, widthPx: 5, heightPx: 6 };
  let received = 0;
  const mesh = await startDirectMesh({
    ingest: {
      async inspectImage(stream) {
        for await (const { chunk } of stream) received += chunk.length;
        return { info };
      },
      async *prescaleImage(stream) {
        expect((await receive(stream)).header).toMatchObject({ operation: { maxSidePx: 64, maxPixels: 0 } });
        yield { part: { $case: "header" as const, value: header } };
        yield { part: { $case: "chunk" as const, value: Uint8Array.of(1, 2, 3) } };
      },
    },
  });
  expect(await mesh.inspect(picture)).toMatchObject(info);
  expect(received).toBe(picture.length);
  const { chunks } = await mesh.prescale(picture, { maxSidePx: 64 });
  expect(Buffer.concat(await toArray(chunks)).length).toBe(3);
});

test("the time of a call limits its retries too", async () => {
  const mesh = await startDirectMesh({
    effects: {
      // biome-ignore lint/correctness/useYield: it only refuses.
      async *applyEffects() {
        throw new AppError("QUEUE_FULL", "full", { retryAfterMs: 4_000 });
      },
    },
  });
  const startMs = performance.now();
  const failing = mesh.applyEffects(picture, operation, { timeoutMs: 1_000 });
  await expect(failing).rejects.toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 4_000 });
  // A retry would begin after 4 s.
  expect(performance.now() - startMs).toBeLessThan(3_900);
});

/** A mesh whose effects send progress and a header, then wait; `cancelled` counts the calls that were cancelled. */
async function startEndlessMesh() {
  const seen = { cancelled: 0 };
  const mesh = await startDirectMesh({
    effects: {
      async *applyEffects(_stream, { signal }) {
        signal.addEventListener("abort", () => {
          seen.cancelled += 1;
        });
        yield { part: { $case: "progress" as const, value: 0.5 } };
        yield { part: { $case: "header" as const, value: header } };
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    },
  });
  return { mesh, seen };
}

test("a progress callback that throws fails the call and cancels it in the mesh", async () => {
  const { mesh, seen } = await startEndlessMesh();
  const broken = new Error("the view is gone");
  const onProgress = () => {
    throw broken;
  };
  await expect(mesh.applyEffects(picture, operation, { onProgress })).rejects.toBe(broken);
  await expect.poll(() => seen.cancelled).toBe(1);
});

test("a result that is not read is cancelled in the mesh when its chunks are returned", async () => {
  const { mesh, seen } = await startEndlessMesh();
  const { chunks } = await mesh.applyEffects(picture, operation);
  await chunks.return();
  await expect.poll(() => seen.cancelled).toBe(1);
  expect(await toArray(chunks)).toEqual([]);
});

test("a picture that cannot be opened, and a source of another kind, fail with their own errors", async () => {
  const mesh = await startDirectMesh({});
  const broken = new Error("the disk is gone");
  const open = () => {
    throw broken;
  };
  await expect(mesh.applyEffects({ open }, operation)).rejects.toBe(broken);
  const source = "photo.jpg" as never;
  await expect(mesh.previewEffects({ source, effects: [] })).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("a preview that a newer one of its viewer and source has replaced is not asked for again", async () => {
  const digest = createHash("sha256").update(picture).digest("hex");
  const asked: string[] = [];
  const mesh = await startDirectMesh({
    effects: {
      async previewEffects({ operation: chain, sha256 }) {
        asked.push(`${chain?.effects[0]?.name} ${sha256 === "" ? "bytes" : sha256 === digest ? "digest" : "other"}`);
        if (asked.length <= 2) throw new AppError("QUEUE_FULL", "full", { retryAfterMs: 300 });
        return { header, picture: Uint8Array.of(9), sourceSha256: digest, cached: false, memoryBytes: 0 };
      },
    },
  });
  const ask = (name: string, source: Uint8Array | { readonly sha256: string }, viewer: string) =>
    mesh.previewEffects({ source, effects: [{ name, parameters: {} }], viewer });
  const older = ask("older", picture, "editor").catch((error: unknown) => error);
  await expect.poll(() => asked).toHaveLength(1);
  const other = ask("beside", { sha256: "ab".repeat(32) }, "list");
  await expect.poll(() => asked).toHaveLength(2);
  const newer = ask("newer", { sha256: digest }, "editor");
  expect((await newer).bytes).toEqual(Buffer.of(9));
  expect(await older).toMatchObject({ reason: "CANCELLED" });
  await other;
  expect(asked.toSorted()).toEqual(["beside other", "beside other", "newer digest", "older bytes"]);
});
