import { HostFailure } from "../protocol/host-failure.ts";
import type { HostModel } from "../protocol/messages.ts";
import type { LoadedModel, ModelOutput } from "./loaded-model.ts";
import { joinChroma, toLuma } from "./pixels/chroma.ts";
import { type FloatFacts, inspectFloats, isConstant, isVaried } from "./pixels/inspect-floats.ts";
import type { Converted } from "./pixels/output-memory.ts";
import { type Pixels, writeLuminanceFloats, writeRgbFloats } from "./pixels/to-floats.ts";
import { type Floats, toGreyBytes, toLuminanceBytes, toRgbBytes } from "./pixels/to-pixels.ts";

/** The result of a run. `payload` holds u8 pixels of an upscaler or f32 values of a matte. */
export type RunResult = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly runMs: number;
  readonly payload: Uint8Array;
};

/**
 * Runs pixels through a model. Rejects with INVALID_ARGUMENT for pixels that the model cannot take, and with RESULT_INVALID if
 * the output has NaN or infinities, is one flat colour although the tile is not, or goes far beyond its range.
 */
export async function runModel(loaded: LoadedModel, pixels: Pixels): Promise<RunResult> {
  assertFits(loaded.model, pixels);
  return loaded.model.task === "matte" ? runMatte(loaded, pixels) : runUpscaler(loaded, pixels);
}

async function runUpscaler(loaded: LoadedModel, pixels: Pixels): Promise<RunResult> {
  const { model } = loaded;
  const input = loaded.input(pixels.widthPx, pixels.heightPx);
  const luminanceOnly = model.input.channels === "luminance";
  const luma = luminanceOnly ? (pixels.channels === 3 ? toLuma(pixels.data) : pixels.data) : null;
  if (luma) writeLuminanceFloats(luma, model.input, input);
  else writeRgbFloats(pixels, model.input, input);

  const output = await loaded.run();
  const { bytes, ...facts } = toBytes(output, loaded, pixels);
  assertSound({ ...facts, constant: isConstant(output.data) }, model, isVaried(luma ?? pixels.data));
  return {
    widthPx: pixels.widthPx * model.scale,
    heightPx: pixels.heightPx * model.scale,
    runMs: output.runMs,
    payload: luminanceOnly && pixels.channels === 3 ? joinChroma(bytes, pixels, model.scale) : bytes,
  };
}

function toBytes({ data }: ModelOutput, { model, memory }: LoadedModel, pixels: Pixels): Converted {
  const { layout, range } = model.output;
  const floats: Floats = { pixels: pixels.widthPx * pixels.heightPx * model.scale ** 2, layout, range };
  if (model.input.channels === "luminance") return toLuminanceBytes(memory, floats);
  return pixels.channels === 3
    ? toRgbBytes(memory, floats)
    : { bytes: toGreyBytes(data, floats), ...inspectFloats(data) };
}

/** A matte may be flat, because the picture may show no object. Its range is its model's own; it is stretched later. */
async function runMatte(loaded: LoadedModel, pixels: Pixels): Promise<RunResult> {
  const { widthPx, heightPx } = pixels;
  writeRgbFloats(pixels, loaded.model.input, loaded.input(widthPx, heightPx));
  const { data, runMs } = await loaded.run();
  assertSound(inspectFloats(data), loaded.model, false);
  if (loaded.model.output.sigmoid) applySigmoid(data);
  return { widthPx, heightPx, runMs, payload: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function applySigmoid(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) data[i] = 1 / (1 + Math.exp(-(data[i] as number)));
}

/**
 * How far an output may go beyond its range, in ranges. Upscalers overshoot: on checkerboards of single pixels, the hardest
 * input, every tested model stays within −1.3 to 2.6.
 */
const overshoot = 4;

function assertSound({ finite, constant, least, most }: FloatFacts, model: HostModel, varied: boolean): void {
  const range = model.output.range === "unit" ? 1 : 255;
  const outside = least < -overshoot * range || most > (1 + overshoot) * range;
  const what = !finite
    ? "NaN or infinite values"
    : constant && varied
      ? "one flat colour"
      : outside && model.task === "upscale"
        ? "values far outside its range"
        : "";
  if (what !== "") throw new HostFailure("RESULT_INVALID", `\`${model.key}\` returned ${what} for a tile`);
}

function assertFits(model: HostModel, pixels: Pixels): void {
  const { widthPx, heightPx, channels, data } = pixels;
  const size = model.input.fixedSizePx;
  const fits =
    data.length === widthPx * heightPx * channels &&
    data.length > 0 &&
    widthPx % model.sizeMultiple === 0 &&
    heightPx % model.sizeMultiple === 0 &&
    (size === null || (size.widthPx === widthPx && size.heightPx === heightPx)) &&
    (model.task === "upscale" || channels === 3);
  if (fits) return;
  const form = size ? `${size.widthPx}x${size.heightPx} px` : `a multiple of ${model.sizeMultiple} px`;
  const got = `${widthPx}x${heightPx}x${channels} in ${data.length} bytes`;
  throw new HostFailure("INVALID_ARGUMENT", `Expected pixels for \`${model.key}\` to be ${form}, got \`${got}\``);
}
