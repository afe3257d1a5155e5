import { createHash } from "node:crypto";
import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AppError } from "@pixelmesh/errors";
import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import {
  BlobKind,
  EffectsServiceDefinition,
  type Encoding,
  ImageFormat,
  PreviewMode,
  type PreviewPictureHeader,
  Priority,
  SchedulerServiceDefinition,
  SlotRequest,
  StorageServiceDefinition,
  WorkClass,
} from "@pixelmesh/proto";
import { connectRpc, type RpcClient, toChunks } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { connectSchedulers, holdSlot } from "@pixelmesh/worker";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

const hourMs = 3_600_000;
const unknownDigest = "0b".repeat(32);
const chain = (contrast = 1.2) => ({
  effects: [
    { name: "black_and_white", parameters: { contrast: { kind: { $case: "number" as const, value: contrast } } } },
  ],
});
/** A chain that takes some hundred milliseconds at 1024 px. */
const slowChain = (contrast: number) => ({
  effects: [...Array.from({ length: 15 }, () => ({ name: "pop_art", parameters: {} })), ...chain(contrast).effects],
});
const png: Encoding = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("Expected a failure");
    },
    (error: AppError) => error,
  );

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

let pictures = 0;
/** A picture that no other test has. */
const newPicture = (widthPx = 1_200, heightPx = 800) =>
  sharp({
    create: {
      width: widthPx,
      height: heightPx,
      channels: 3,
      background: { r: 200, g: (pictures++ * 16) % 256, b: 40 },
    },
  })
    .jpeg()
    .toBuffer();

describe("live previews", () => {
  let mesh: TestMesh;
  let effects: RpcClient<typeof EffectsServiceDefinition>;
  const connections: { close(): void }[] = [];
  function connect(name: string) {
    const address = mesh.processes().find((process) => process.name === name)?.grpc ?? "";
    const connection = connectRpc(address, { timeoutMs: 60_000 });
    connections.push(connection);
    return connection;
  }
  beforeAll(async () => {
    const env = { PIXELMESH_EFFECTS_PREVIEW_CONCURRENCY: "1" };
    mesh = await startTestMesh({ services: ["storage", "scheduler", "effects"], env });
    effects = connect("effects").client(EffectsServiceDefinition);
    // A scheduler that serves may not lead yet; it then refuses slots.
    const scheduler = connect("scheduler").client(SchedulerServiceDefinition);
    const assertDevice = async () => expect((await scheduler.getCluster({})).devices).toHaveLength(1);
    await vi.waitFor(assertDevice, { interval: 20, timeout: 20_000 });
  });
  afterAll(async () => {
    for (const connection of connections) connection.close();
    await mesh?.[Symbol.asyncDispose]();
  });

  async function store(bytes: Uint8Array): Promise<string> {
    const storage = connect("storage").client(StorageServiceDefinition);
    const keepUntilUnixMs = Date.now() + hourMs;
    const header = {
      sha256: "",
      sizeBytes: bytes.length,
      mediaType: "",
      kind: BlobKind.INPUT,
      jobId: "",
      keepUntilUnixMs,
    };
    async function* parts() {
      yield { part: { $case: "header" as const, value: header } };
      for (const value of toChunks(bytes)) yield { part: { $case: "chunk" as const, value } };
      yield { part: { $case: "end" as const, value: {} } };
    }
    return (await storage.putBlob(parts())).blob?.sha256 ?? "";
  }
  async function send(bytes: Uint8Array, header: Partial<PreviewPictureHeader> = {}) {
    async function* parts() {
      yield { part: { $case: "header" as const, value: { operation: chain(), ...header } } };
      for (const value of toChunks(bytes, 10_000)) yield { part: { $case: "chunk" as const, value } };
    }
    return await effects.previewPicture(parts());
  }

  async function applyDirectly(bytes: Uint8Array): Promise<void> {
    async function* parts() {
      yield { part: { $case: "header" as const, value: { operation: chain() } } };
      for (const value of toChunks(bytes)) yield { part: { $case: "chunk" as const, value } };
    }
    for await (const _part of effects.applyEffects(parts())) {
      // Only the end counts.
    }
  }

  test("each mode has its longer side, and a small picture keeps its own", async () => {
    const picture = await newPicture();
    const sizes = [];
    for (const mode of [PreviewMode.UNSPECIFIED, PreviewMode.FAST, PreviewMode.BALANCED, PreviewMode.HIGH]) {
      const { header, picture: bytes } = await effects.previewEffects({ picture, operation: chain(), mode });
      const { frame } = await decodePicture(bytes, defaultLimits);
      expect(header).toMatchObject({ widthPx: frame.widthPx, heightPx: frame.heightPx, sizeBytes: bytes.length });
      sizes.push([frame.widthPx, frame.heightPx]);
    }
    expect(sizes).toEqual([
      [300, 200],
      [300, 200],
      [500, 333],
      [800, 533],
    ]);
    const small = await newPicture(60, 200);
    const { header } = await effects.previewEffects({ picture: small, operation: chain(), mode: PreviewMode.HIGH });
    expect(header).toMatchObject({ widthPx: 60, heightPx: 200 });
  });

  test("a picture that was sent once is found by its digest at every size", async () => {
    const picture = await newPicture();
    const first = await send(picture);
    expect(first).toMatchObject({ sourceSha256: digestOf(picture), cached: false });
    for (const mode of [PreviewMode.HIGH, PreviewMode.BALANCED, PreviewMode.FAST]) {
      const request = { sha256: digestOf(picture), operation: chain(1.3), mode };
      const { header, sourceSha256 } = await effects.previewEffects(request);
      expect(sourceSha256).toBe(digestOf(picture));
      expect(header?.widthPx).toBe(mode === PreviewMode.HIGH ? 800 : mode === PreviewMode.BALANCED ? 500 : 300);
    }
    expect((await effects.previewEffects({ sha256: digestOf(picture), operation: chain() })).cached).toBe(true);
  });

  test("a stored picture is read by its digest, and gives the same preview as its bytes", async () => {
    const picture = await newPicture();
    const request = { operation: chain(), encoding: png };
    const sha256 = await store(picture);
    const byDigest = await effects.previewEffects({ ...request, sha256 });
    expect(byDigest).toMatchObject({ sourceSha256: digestOf(picture), cached: false });
    // At least the pixels of the largest copy of a source, which has 1,024 px.
    const { header } = byDigest;
    expect(byDigest.memoryBytes).toBeGreaterThan((header?.widthPx ?? 0) * (header?.heightPx ?? 0) * 3);
    const byBytes = await effects.previewEffects({ ...request, picture });
    expect(byBytes).toEqual({ ...byDigest, cached: true, memoryBytes: byBytes.memoryBytes });
    // The kept result: its picture, its key and its entry.
    expect(byBytes.memoryBytes - byBytes.picture.length).toBeGreaterThan(0);
    expect(byBytes.memoryBytes - byBytes.picture.length).toBeLessThan(2_048);
  });

  test("an unknown digest is not found, also while the same picture is known of another tenant", async () => {
    const request = { sha256: unknownDigest, operation: chain() };
    expect(await failure(effects.previewEffects(request))).toMatchObject({ reason: "BLOB_NOT_FOUND" });
    const picture = await newPicture();
    await send(picture);
    const known = { sha256: digestOf(picture), operation: chain() };
    expect((await effects.previewEffects(known)).cached).toBe(true);
    expect(await failure(effects.previewEffects(known, { tenant: "other" }))).toMatchObject({
      reason: "BLOB_NOT_FOUND",
    });
  });

  test("a stored picture that is damaged is not shown, and its bytes sent again are", async () => {
    const picture = await newPicture();
    const sha256 = await store(picture);
    const files = await readdir(mesh.dataDir, { recursive: true, withFileTypes: true });
    const blobs = files.filter((file) => file.isFile() && file.name.includes(sha256));
    expect(blobs).toHaveLength(1);
    const path = join(blobs[0]!.parentPath, blobs[0]!.name);
    await chmod(path, 0o600);
    await writeFile(path, Buffer.alloc(picture.length, 7));
    const request = { sha256, operation: chain() };
    for (let call = 0; call < 2; call++) {
      const { reason } = await failure(effects.previewEffects(request));
      expect(["BLOB_CORRUPT", "BLOB_NOT_FOUND"]).toContain(reason);
    }
    expect((await send(picture)).cached).toBe(false);
    expect((await effects.previewEffects(request)).cached).toBe(true);
  });

  test("an upload that stops in the middle fails, and the next one of the same picture does not", async () => {
    const picture = await newPicture();
    const leaving = new AbortController();
    async function* parts() {
      yield { part: { $case: "header" as const, value: { operation: chain() } } };
      yield { part: { $case: "chunk" as const, value: picture.subarray(0, 1_000) } };
      await new Promise((_, reject) => leaving.signal.addEventListener("abort", reject, { once: true }));
    }
    const broken = failure(effects.previewPicture(parts(), { signal: leaving.signal }));
    setTimeout(() => leaving.abort(), 50);
    expect((await broken).reason).not.toBe("INTERNAL");
    expect(await send(picture)).toMatchObject({ sourceSha256: digestOf(picture), cached: false });
  });

  test("a preview equals the chain on the small copy, and only the same request is answered from the cache", async () => {
    const picture = await newPicture();
    const ask = (operation: ReturnType<typeof chain>, encoding = png) =>
      effects.previewEffects({ picture, operation, encoding });
    const first = await ask(chain(1.1));
    expect(await ask(chain(1.1))).toEqual({ ...first, cached: true, memoryBytes: expect.any(Number) });
    expect((await ask(chain(1.11))).cached).toBe(false);
    expect((await ask(chain(1.1), { ...png, format: ImageFormat.JPEG })).cached).toBe(false);
  });

  test("a newer preview of the same view cancels the older one and is named", async () => {
    const picture = await newPicture();
    const { sourceSha256 } = await send(picture);
    const ask = (contrast: number, viewer: string) =>
      effects.previewEffects({ sha256: sourceSha256, operation: slowChain(contrast), maxSidePx: 1024, viewer });
    const older = failure(ask(1.1, "left"));
    const newer = ask(1.2, "left");
    const error = await older;
    expect(error.reason).toBe("CANCELLED");
    expect(error.message).toContain("black_and_white at 1024 px");
    expect((await newer).cached).toBe(false);
    const all = await Promise.all([ask(1.3, "left"), ask(1.4, "right"), ask(1.5, ""), ask(1.6, "")]);
    expect(all.map(({ cached }) => cached)).toEqual([false, false, false, false]);
  });

  test("more previews than may wait are refused with a time to retry", async () => {
    const { sourceSha256 } = await send(await newPicture());
    const slow = effects.previewEffects({ sha256: sourceSha256, operation: slowChain(1), maxSidePx: 1024 });
    const ended = await Promise.allSettled(
      Array.from({ length: 80 }, (_, at) =>
        effects.previewEffects({ sha256: sourceSha256, operation: chain(1 + at / 100), maxSidePx: 64 }),
      ),
    );
    const refused = ended.filter((each) => each.status === "rejected").map(({ reason }) => reason);
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) expect(error).toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 1_000 });
    expect(ended.length - refused.length).toBeGreaterThanOrEqual(64);
    expect((await slow).cached).toBe(false);
  });

  test("a preview of a new picture does not wait for work that holds all compute tokens", async () => {
    const schedulerAddress = mesh.processes().find(({ name }) => name === "scheduler")?.grpc ?? "";
    const link = connectSchedulers([schedulerAddress], connectRpc);
    const scheduler = connect("scheduler").client(SchedulerServiceDefinition);
    const { devices } = await scheduler.getCluster({});
    const request = SlotRequest.fromPartial({
      service: "test",
      instance: "0",
      deviceIds: devices.map(({ deviceId }) => deviceId),
      workClass: WorkClass.HEAVY,
      priority: Priority.BATCH,
      options: [{ batch: 1, peakBytes: 1_024, computeTokens: 1_000 }],
    });
    const held = await holdSlot(link, request, AbortSignal.timeout(10_000));
    try {
      const picture = await newPicture();
      let isApplied = false;
      const applied = applyDirectly(picture).then(() => {
        isApplied = true;
      });
      const isQueued = async () => (await scheduler.getCluster({})).queues.some(({ waiting }) => waiting > 0);
      await expect.poll(isQueued, { interval: 20 }).toBe(true);
      expect(await send(picture)).toMatchObject({ cached: false, header: { widthPx: 300 } });
      expect(isApplied).toBe(false);
      held.release();
      await applied;
    } finally {
      held.release();
      link.close();
    }
  });

  test("pictures of 1×1, of 16 bits and of grey are previewed", async () => {
    const dot = await newPicture(1, 1);
    expect((await send(dot, { mode: PreviewMode.HIGH })).header).toMatchObject({ widthPx: 1, heightPx: 1 });
    const raw = { width: 600, height: 400, channels: 3 as const };
    const deep = await sharp(Buffer.alloc(raw.width * raw.height * 3, 120), { raw })
      .toColourspace("rgb16")
      .png()
      .toBuffer();
    const grey = await sharp(Buffer.alloc(raw.width * raw.height * 3, 120), { raw })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe("ushort");
    expect((await sharp(grey).metadata()).channels).toBe(1);
    const results = [];
    for (const picture of [deep, grey]) {
      const { header, picture: bytes } = await effects.previewEffects({ picture, operation: chain(), encoding: png });
      expect(header).toMatchObject({ widthPx: 300, heightPx: 200 });
      results.push([...(await decodePicture(bytes, defaultLimits)).frame.data.subarray(0, 3)]);
    }
    expect(results[0]).toEqual(results[1]);
  });

  test("wrong requests name the wrong field", async () => {
    const picture = await newPicture();
    const fieldsOf = async (request: Parameters<typeof effects.previewEffects>[0]) => {
      const { reason, fields } = await failure(effects.previewEffects({ operation: chain(), ...request }));
      expect(reason).toBe("INVALID_ARGUMENT");
      return fields.map(({ field }) => field);
    };
    const jobOutput = { jobId: "job", name: "" };
    expect(await fieldsOf({})).toEqual(["picture", "sha256", "job_output"]);
    expect(await fieldsOf({ picture, sha256: unknownDigest })).toEqual(["picture", "sha256"]);
    expect(await fieldsOf({ jobOutput })).toEqual(["job_output"]);
    expect(await fieldsOf({ sha256: "0B" })).toEqual(["sha256"]);
    expect(await fieldsOf({ picture, viewer: "v".repeat(65) })).toEqual(["viewer"]);
    expect(await fieldsOf({ picture, mode: 9 as never })).toEqual(["mode"]);
    expect(await fieldsOf({ picture, mode: PreviewMode.FAST, maxSidePx: 300 })).toEqual(["max_side_px"]);
    expect(await fieldsOf({ picture, operation: { effects: [] } })).toEqual(["operation.effects"]);
    const empty = failure(send(picture, { operation: { effects: [] } }));
    expect(await empty).toMatchObject({ reason: "INVALID_ARGUMENT", fields: [{ field: "operation.effects" }] });
    expect(await failure(send(Buffer.from("not a picture")))).toMatchObject({ reason: "IMAGE_TYPE_UNSUPPORTED" });
    expect(await failure(send(new Uint8Array(0)))).toMatchObject({ reason: "IMAGE_EMPTY" });
  });
});
