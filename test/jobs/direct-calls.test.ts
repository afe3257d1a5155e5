import type { AppError } from "@pixelmesh/client";
import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import {
  BackgroundServiceDefinition,
  CutOutResult,
  EffectsServiceDefinition,
  ImageFormat,
  IngestServiceDefinition,
  type PictureHeader,
  UpscaleServiceDefinition,
} from "@pixelmesh/proto";
import { connectRpc, toChunks } from "@pixelmesh/rpc";
import { startTestMesh } from "@pixelmesh/testing";
import { robot } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

type Mesh = Awaited<ReturnType<typeof startTestMesh>>;
type Part = { readonly $case: string; readonly value: unknown };

const png = { format: ImageFormat.PNG, quality: 0, lossless: false, background: "" };

/** Header and chunks of the upload of a direct call. */
async function* upload<H>(header: H, bytes: Uint8Array = robot) {
  yield { part: { $case: "header" as const, value: header } };
  for (const value of toChunks(bytes, 10_000)) yield { part: { $case: "chunk" as const, value } };
}

/** The responses of a direct call: progress and picture. */
async function collect(stream: AsyncIterable<{ part?: Part | undefined }>) {
  const progress: number[] = [];
  const chunks: Uint8Array[] = [];
  let header: PictureHeader | undefined;
  for await (const { part } of stream) {
    if (part?.$case === "progress") progress.push(part.value as number);
    else if (part?.$case === "header") header = part.value as PictureHeader;
    else if (part?.$case === "chunk") chunks.push(part.value as Uint8Array);
  }
  const bytes = Buffer.concat(chunks);
  expect(bytes.length).toBe(header?.sizeBytes);
  return { progress, header, frame: (await decodePicture(bytes, defaultLimits)).frame };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error("Expected a failure");
    },
    (error: AppError) => error,
  );

describe("direct calls, without a job", () => {
  let mesh: Mesh;
  const connections: { close(): void }[] = [];
  beforeAll(async () => {
    mesh = await startTestMesh();
  });
  afterAll(async () => {
    for (const connection of connections) connection.close();
    await mesh?.[Symbol.asyncDispose]();
  });
  function connect(name: string) {
    const address = mesh.processes().find((process) => process.name === name)?.grpc ?? "";
    const connection = connectRpc(address, { timeoutMs: 60_000 });
    connections.push(connection);
    return connection;
  }

  test("UpscaleImage enlarges, with progress, and takes a slot like a job", async () => {
    const upscale = connect("upscale").client(UpscaleServiceDefinition);
    const call = collect(
      upscale.upscaleImage(upload({ operation: { scale: 4, model: "pixelmesh-sr-x4" }, encoding: png })),
    );
    const held = await expect
      .poll(async () => (await mesh.client.cluster()).slots.map(({ service }) => service), {
        interval: 20,
        timeout: 20_000,
      })
      .toContain("upscale")
      .then(() => true);
    expect(held).toBe(true);
    const { progress, header, frame } = await call;
    expect(header).toMatchObject({ widthPx: 1600, heightPx: 1920, format: ImageFormat.PNG });
    expect(frame).toMatchObject({ widthPx: 1600, heightPx: 1920 });
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
  });

  test("UpscaleImage refuses invalid requests with a reason", async () => {
    const upscale = connect("upscale").client(UpscaleServiceDefinition);
    const call = (scale: number, model: string, bytes: Uint8Array = robot) =>
      failure(collect(upscale.upscaleImage(upload({ operation: { scale, model }, encoding: png }, bytes))));
    expect(await call(7, "")).toMatchObject({ reason: "INVALID_ARGUMENT", fields: [{ field: "operation.scale" }] });
    expect(
      await failure(
        collect(
          upscale.upscaleImage(
            upload({ operation: { scale: 0, model: "" }, encoding: png, maxOutputPixels: 1_000_000 }),
          ),
        ),
      ),
    ).toMatchObject({ reason: "OUTPUT_TOO_LARGE", message: expect.stringContaining("1600x1920") });
    expect(await call(4, "nope")).toMatchObject({ reason: "UNKNOWN_MODEL" });
    expect(await call(4, "pixelmesh-sr-x4", Buffer.from("not a picture"))).toMatchObject({
      reason: "IMAGE_TYPE_UNSUPPORTED",
    });
    expect(await call(4, "pixelmesh-sr-x4", new Uint8Array(0))).toMatchObject({ reason: "IMAGE_EMPTY" });
  });

  test("models are loaded and unloaded on demand, and their memory is reported", async () => {
    const upscale = connect("upscale").client(UpscaleServiceDefinition);
    const loaded = await upscale.loadModel({ name: "pixelmesh-sr-x2", pin: true });
    expect(loaded.model).toMatchObject({ loaded: true, pinned: true, provider: "cpu" });
    expect(loaded.memoryAfterBytes).toBeGreaterThan(loaded.memoryBeforeBytes);
    expect(
      (await upscale.listModels({ task: "" })).models.find(({ name }) => name === "pixelmesh-sr-x2"),
    ).toMatchObject({ loaded: true, pinned: true });
    const unloaded = await upscale.unloadModel({ name: "pixelmesh-sr-x2" });
    expect(unloaded.wasLoaded).toBe(true);
    expect((await upscale.unloadModel({ name: "pixelmesh-sr-x2" })).wasLoaded).toBe(false);
    expect(await failure(upscale.loadModel({ name: "RealESRGAN_x4plus" }))).toMatchObject({
      reason: "MODEL_UNAVAILABLE",
    });
  });

  test("RemoveBackground cuts out, and puts a requested colour behind", async () => {
    const background = connect("background").client(BackgroundServiceDefinition);
    const operation = { model: "pixelmesh-matte" };
    const { frame } = await collect(
      background.removeBackground(upload({ operation, replace: undefined, encoding: png })),
    );
    expect(frame).toMatchObject({ widthPx: 400, heightPx: 480, channels: 4 });
    expect(frame.data[3]).toBe(0);
    const replace = { background: { $case: "color" as const, value: "#112233" } };
    const { frame: composed, progress } = await collect(
      background.removeBackground(upload({ operation, replace, encoding: png })),
    );
    // Two phases, one progress.
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBeGreaterThan(0.8);
    expect([...composed.data.subarray(0, 3)]).toEqual([0x11, 0x22, 0x33]);
    const wrong = { background: { $case: "color" as const, value: "blue" } };
    expect(
      await failure(collect(background.removeBackground(upload({ operation, replace: wrong, encoding: png })))),
    ).toMatchObject({ reason: "INVALID_ARGUMENT", fields: [{ field: "replace.color" }] });
    const matte = { ...operation, result: CutOutResult.MATTE };
    expect(
      await failure(collect(background.removeBackground(upload({ operation: matte, replace, encoding: png })))),
    ).toMatchObject({ reason: "INVALID_ARGUMENT", fields: [{ field: "operation.result" }] });
  });

  test("ApplyEffects and PreviewEffects run the same chain, the preview on a small copy", async () => {
    const effects = connect("effects").client(EffectsServiceDefinition);
    const operation = { effects: [{ name: "black_and_white", parameters: {} }] };
    const { frame } = await collect(effects.applyEffects(upload({ operation, encoding: png })));
    expect(frame).toMatchObject({ widthPx: 400, heightPx: 480 });
    const { header, picture } = await effects.previewEffects({
      picture: robot,
      operation,
      maxSidePx: 120,
      encoding: png,
    });
    expect(header).toMatchObject({ widthPx: 100, heightPx: 120 });
    expect((await decodePicture(picture, defaultLimits)).frame).toMatchObject({ widthPx: 100, heightPx: 120 });
    expect(await failure(effects.previewEffects({ picture: robot, operation, maxSidePx: 5 }))).toMatchObject({
      reason: "INVALID_ARGUMENT",
      fields: [{ field: "max_side_px" }],
    });
    const { effects: known } = await effects.listEffects({});
    const names = known.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["black_and_white", "dither", "pop_art", "retro_8bit", "preset:vhs"]));
    expect(new Set(names).size).toBe(names.length);
  });

  test("InspectImage reads the header, PrescaleImage shrinks and never enlarges", async () => {
    const ingest = connect("ingest").client(IngestServiceDefinition);
    async function* chunks() {
      for (const chunk of toChunks(robot, 7_000)) yield { chunk };
    }
    expect((await ingest.inspectImage(chunks())).info).toMatchObject({
      format: ImageFormat.JPEG,
      widthPx: 400,
      heightPx: 480,
      channels: 3,
      sizeBytes: robot.length,
    });
    const prescale = (maxSidePx: number) =>
      collect(ingest.prescaleImage(upload({ operation: { maxSidePx, maxPixels: 0 }, encoding: png })));
    expect((await prescale(120)).frame).toMatchObject({ widthPx: 100, heightPx: 120 });
    expect((await prescale(4_000)).frame).toMatchObject({ widthPx: 400, heightPx: 480 });
    expect(await failure(prescale(0))).toMatchObject({ reason: "INVALID_ARGUMENT" });
  });
});
