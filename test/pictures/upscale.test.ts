import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AppError } from "@pixelmesh/client";
import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import { ImageFormat, type PictureHeader, UpscaleImageHeader, UpscaleServiceDefinition } from "@pixelmesh/proto";
import { connectRpc, type RpcConnection, toChunks } from "@pixelmesh/rpc";
import { startTestMesh } from "@pixelmesh/testing";
import { downloadFrame, effectStep, step } from "@pixelmesh/testing/jobs";
import { readRaw, resizeStraight, upscaleStraight, weighingUpscaler } from "@pixelmesh/testing/models";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePair } from "../support/model-pair.ts";

type Mesh = Awaited<ReturnType<typeof startTestMesh>>;
type Operation = Parameters<typeof UpscaleImageHeader.fromPartial>[0]["operation"];

const modelPath = (name: string) => fileURLToPath(new URL(`../../models/${name}.onnx`, import.meta.url));
const scene = readFileSync(new URL("../../examples/still-life.jpg", import.meta.url));
const cut = (widthPx: number, heightPx: number) => sharp(scene).resize(widthPx, heightPx, { fit: "cover" });
const png = (image: Sharp) => image.png().toBuffer();

let modelsDir: string;
let mesh: Mesh;
/** A mesh in which every frame lies in a file. */
let disk: Mesh;
const connections: RpcConnection[] = [];

beforeAll(async () => {
  modelsDir = mkdtempSync(join(tmpdir(), "pair-"));
  writeFileSync(
    join(modelsDir, "manifest.json"),
    writePair(modelsDir, weighingUpscaler([0.9, 1.1, 1, 1]), weighingUpscaler([1, 1, 0.8, 1.2])),
  );
  const services = ["ingest", "scheduler", "storage", "upscale", "effects"] as const;
  [mesh, disk] = await Promise.all([
    startTestMesh({ services: [...services], modelsDirs: [modelsDir] }),
    startTestMesh({ services: [...services], modelsDirs: [modelsDir], env: { PIXELMESH_FRAME_MEMORY: "0B" } }),
  ]);
});
afterAll(async () => {
  for (const connection of connections) connection.close();
  await mesh?.[Symbol.asyncDispose]();
  await disk?.[Symbol.asyncDispose]();
  await rm(modelsDir, { recursive: true, force: true });
});

async function upscaleIn(
  where: Mesh,
  bytes: Uint8Array,
  operation: Operation,
  more: { maxOutputPixels?: number } = {},
) {
  const address = where.processes().find(({ name }) => name === "upscale")?.grpc ?? "";
  const connection = connectRpc(address, { timeoutMs: 100_000 });
  connections.push(connection);
  const header = UpscaleImageHeader.fromPartial({
    operation: operation ?? {},
    encoding: { format: ImageFormat.PNG },
    ...more,
  });
  async function* request() {
    yield { part: { $case: "header" as const, value: header } };
    for (const value of toChunks(bytes, 100_000)) yield { part: { $case: "chunk" as const, value } };
  }
  let answered: PictureHeader | undefined;
  const chunks: Uint8Array[] = [];
  for await (const { part } of connection.client(UpscaleServiceDefinition).upscaleImage(request())) {
    if (part?.$case === "header") answered = part.value;
    else if (part?.$case === "chunk") chunks.push(part.value);
  }
  const { frame } = await decodePicture(Buffer.concat(chunks), defaultLimits);
  return { frame, notices: answered?.notices.map(({ kind }) => kind) };
}

/** The result of both meshes, which must be the same. */
async function upscale(bytes: Uint8Array, operation: Operation) {
  const inMemory = await upscaleIn(mesh, bytes, operation);
  const inFiles = await upscaleIn(disk, bytes, operation);
  expect(inFiles.notices).toEqual(inMemory.notices);
  expect(Buffer.compare(inFiles.frame.data, inMemory.frame.data)).toBe(0);
  return inMemory;
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: AppError) => error,
  );

describe("an upscale, in memory and through files", () => {
  test("by a model's scale equals onnxruntime on the whole picture, bit for bit", async () => {
    for (const [name, scale] of [["pixelmesh-sr-x2", 2] as const, ["pixelmesh-sr-x4", 4] as const]) {
      const bytes = await png(cut(101, 75));
      const straight = await upscaleStraight(modelPath(name), await readRaw(bytes));
      const { frame } = await upscale(bytes, { scale });
      expect(frame).toMatchObject({ widthPx: 101 * scale, heightPx: 75 * scale, channels: 3 });
      expect(Buffer.compare(frame.data, straight.data)).toBe(0);
    }
  });

  test("by another scale or to a size is the nearest model's result, resized as sharp alone does", async () => {
    const bytes = await png(cut(90, 60));
    const raw = await readRaw(bytes);
    const four = await upscaleStraight(modelPath("pixelmesh-sr-x4"), raw);
    const two = await upscaleStraight(modelPath("pixelmesh-sr-x2"), raw);
    const three = await upscale(bytes, { scale: 3 });
    expect(Buffer.compare(three.frame.data, await resizeStraight(four, 270, 180))).toBe(0);
    const sized = await upscale(bytes, { target: { widthPx: 201 } });
    expect(sized.frame).toMatchObject({ widthPx: 201, heightPx: 134 });
    expect(Buffer.compare(sized.frame.data, await resizeStraight(two, 201, 134))).toBe(0);
    const boxed = await upscale(bytes, { target: { widthPx: 10_000, heightPx: 300 }, model: "pixelmesh-sr-x2" });
    expect(Buffer.compare(boxed.frame.data, await resizeStraight(two, 450, 300))).toBe(0);
  });

  test("of a cut-out has no halo: neither dark colour nor a ring of alpha around its edge", async () => {
    const [side, radius] = [64, 20];
    const isInside = (x: number, y: number, scale: number) =>
      (x + 0.5 - (side * scale) / 2) ** 2 + (y + 0.5 - (side * scale) / 2) ** 2 < (radius * scale) ** 2;
    const data = Uint8Array.from({ length: side * side * 4 }, (_, at) => {
      const pixel = at >> 2;
      return isInside(pixel % side, Math.floor(pixel / side), 1) ? [200, 60, 40, 255][at & 3]! : 0;
    });
    const bytes = await png(sharp(data, { raw: { width: side, height: side, channels: 4 } }));
    const { frame } = await upscale(bytes, { scale: 4 });
    expect(frame).toMatchObject({ widthPx: 256, heightPx: 256, channels: 4 });
    for (let pixel = 0; pixel < 256 * 256; pixel++) {
      const [red, green, blue, alpha] = frame.data.subarray(pixel * 4, pixel * 4 + 4) as unknown as [
        number,
        number,
        number,
        number,
      ];
      const [x, y] = [pixel % 256, Math.floor(pixel / 256)];
      if (alpha > 0) expect(Math.max(Math.abs(red - 200), Math.abs(green - 60), Math.abs(blue - 40))).toBeLessThan(8);
      const distance = Math.hypot(x - 127.5, y - 127.5) / 4;
      if (distance > radius + 2.5) expect(alpha).toBe(0);
      if (distance < radius - 2.5) expect(alpha).toBe(255);
    }
    const mask = data.filter((_, at) => at % 4 === 3);
    const raw = { width: side, height: side, channels: 1 as const };
    const sized = await upscale(bytes, { target: { heightPx: 190 } });
    for (const [result, px] of [[frame, 256] as const, [sized.frame, 190] as const]) {
      const alpha = sharp(mask, { raw }).resize(px, px, { fit: "fill", kernel: "cubic" }).toColourspace("b-w").raw();
      expect(result.data.filter((_, at) => at % 4 === 3)).toEqual(new Uint8Array(await alpha.toBuffer()));
    }
  });

  test("keeps grey and a uniform alpha, and notes what decoding changed", async () => {
    const grey = await upscale(await png(cut(40, 30).greyscale().toColourspace("b-w")), { scale: 2 });
    expect(grey.frame.channels).toBe(1);
    const faint = await upscale(await png(cut(40, 30).ensureAlpha(0.5)), { scale: 3 });
    expect(faint.frame.channels).toBe(4);
    expect(new Set(faint.frame.data.filter((_, at) => at % 4 === 3))).toEqual(new Set([127]));
    const greyAlpha = await png(cut(40, 30).greyscale().toColourspace("b-w").ensureAlpha(0.5));
    expect((await upscale(greyAlpha, { scale: 2 })).frame.channels).toBe(2);
    const deep = await upscale(await png(cut(40, 30).toColourspace("rgb16")), { scale: 2 });
    expect(deep).toMatchObject({ notices: ["bit_depth"], frame: { channels: 3 } });
    const print = await upscale(await cut(40, 30).toColourspace("cmyk").jpeg().toBuffer(), { scale: 2 });
    expect(print).toMatchObject({ notices: ["color_profile"], frame: { channels: 3 } });
  });

  test("by a denoise strength mixes the two models of a pair", async () => {
    const bytes = await png(cut(50, 40));
    const raw = await readRaw(bytes);
    const strong = await upscaleStraight(join(modelsDir, "strong.onnx"), raw);
    const weak = await upscaleStraight(join(modelsDir, "weak.onnx"), raw);
    for (const denoise of [0, 0.25, 1]) {
      const { frame } = await upscale(bytes, { model: "strong", denoise });
      const worst = strong.data.reduce((most, value, at) => {
        return Math.max(most, Math.abs(frame.data[at]! - (value * denoise + weak.data[at]! * (1 - denoise))));
      }, 0);
      expect(worst).toBeLessThanOrEqual(denoise === 0.25 ? 0.5 : 0);
    }
    const { frame } = await upscale(bytes, { model: "strong" });
    expect(Buffer.compare(frame.data, strong.data)).toBe(0);
  });

  test("is finished where requested", async () => {
    const bytes = await png(cut(40, 30));
    const plain = await upscale(bytes, { scale: 2 });
    const variance = ({ frame }: typeof plain) => {
      const mean = frame.data.reduce((sum, value) => sum + value, 0) / frame.data.length;
      return frame.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / frame.data.length;
    };
    expect(variance(await upscale(bytes, { scale: 2, finishing: { contrast: 0.3 } }))).toBeGreaterThan(
      1.3 * variance(plain),
    );
    expect(variance(await upscale(bytes, { scale: 2, finishing: { sharpen: 1 } }))).toBeGreaterThan(variance(plain));
  });

  test("is refused before it begins where the request is not possible", async () => {
    const bytes = await png(cut(90, 60));
    const refuse = (operation: Operation, more = {}) => refusal(upscaleIn(mesh, bytes, operation, more));
    expect(await refuse({ scale: 4 }, { maxOutputPixels: 80_000 })).toMatchObject({ reason: "OUTPUT_TOO_LARGE" });
    expect(await refuse({ target: { widthPx: 16_000 } })).toMatchObject({ reason: "OUTPUT_TOO_LARGE" });
    const fields = async (operation: Operation) => {
      const error = await refuse(operation);
      return [error.reason, error.fields[0]?.field];
    };
    expect(await fields({ target: { widthPx: 90 } })).toEqual(["INVALID_ARGUMENT", "operation.target.width_px"]);
    expect(await fields({ denoise: 0.5 })).toEqual(["INVALID_ARGUMENT", "operation.denoise"]);
    expect(await fields({ finishing: { sharpen: 2 } })).toEqual(["INVALID_ARGUMENT", "operation.finishing.sharpen"]);
    const pipeline = { steps: [step("up", { $case: "upscale", value: { scale: 0, model: "", denoise: 0.5 } })] };
    expect(await refusal(mesh.client.jobs.create({ pipeline, pictures: [{ bytes }] }))).toMatchObject({
      reason: "INVALID_ARGUMENT",
      fields: [{ field: "pipeline.steps[0].upscale.denoise" }],
    });
  });

  test("in a job passes equal pixels to the next step through storage, and leaves no file", async () => {
    const bytes = await png(cut(90, 60));
    const pipeline = {
      steps: [
        step("up", { $case: "upscale", value: { scale: 0, model: "", target: { widthPx: 200, heightPx: 0 } } }),
        effectStep("grey", "black_and_white"),
        step("again", { $case: "upscale", value: { scale: 2, model: "" } }, "grey"),
      ],
    };
    const results = [];
    for (const where of [mesh, disk]) {
      const { id } = await where.client.jobs.create({ pipeline, pictures: [{ bytes }], noCache: true });
      const job = await where.client.jobs.wait(id);
      expect(job.error).toBeUndefined();
      results.push(await downloadFrame(where.client, job, "result"));
    }
    expect(results[0]).toMatchObject({ widthPx: 400, heightPx: 266 });
    expect(results[1]).toEqual(results[0]);
    // Only one mesh had files, which were removed with their steps. Ingest keeps its index of jobs in a file.
    const scratchOf = ({ dataDir }: Mesh) =>
      readdirSync(join(dataDir, "scratch")).filter((name) => !name.startsWith("pixelmesh-ingest"));
    expect(scratchOf(mesh)).toEqual([]);
    const scratch = join(disk.dataDir, "scratch");
    const own = scratchOf(disk);
    expect(own.map((name) => name.replace(/-\d+-\w+$/, "")).sort()).toEqual(["pixelmesh-effects", "pixelmesh-upscale"]);
    for (const name of own) await expect.poll(() => readdirSync(join(scratch, name)), { timeout: 20_000 }).toEqual([]);
  });
});
