import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";

/** Interleaved pixels in sharp's raw format. */
export type RawPicture = {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
};

/** Enlarges a whole picture with onnxruntime alone: RGB 0..1 in and out, clamped and rounded half up. */
export async function upscaleStraight(modelPath: string, { data, width, height }: RawPicture): Promise<RawPicture> {
  const session = await InferenceSession.create(modelPath);
  const pixels = width * height;
  const planes = Float32Array.from({ length: pixels * 3 }, (_, at) => {
    return (data[(at % pixels) * 3 + Math.floor(at / pixels)] as number) / 255;
  });
  const feeds = { [session.inputNames[0] as string]: new Tensor("float32", planes, [1, 3, height, width]) };
  const result = (await session.run(feeds))[session.outputNames[0] as string] as Tensor;
  const [, , outHeight = 0, outWidth = 0] = result.dims;
  const values = result.data as Float32Array;
  const outPixels = outHeight * outWidth;
  const bytes = Uint8Array.from({ length: outPixels * 3 }, (_, at) => {
    const value = (values[(at % 3) * outPixels + Math.floor(at / 3)] as number) * 255;
    return value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value + 0.5);
  });
  await session.release();
  return { data: bytes, width: outWidth, height: outHeight, channels: 3 };
}

/** Resizes pixels with sharp alone: Lanczos to exactly these sides. */
export async function resizeStraight({ data, ...raw }: RawPicture, width: number, height: number): Promise<Buffer> {
  return sharp(data, { raw }).resize(width, height, { fit: "fill", kernel: "lanczos3" }).raw().toBuffer();
}

/** Decodes a picture to raw RGB. */
export async function readRaw(bytes: Uint8Array): Promise<RawPicture> {
  const { data, info } = await sharp(bytes)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}
