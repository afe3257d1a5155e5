import { createFrameSink, createFrameSource, type Frame } from "@pixelmesh/imaging";
import { type AvailableModel, type InferenceHost, runTiled } from "@pixelmesh/inference";

/** The difference of a tiled picture from the untiled one. */
export type Parity = {
  readonly haloPx: number;
  readonly tiles: number;
  /** Null if they are equal. */
  readonly psnrDb: number | null;
  readonly worstLevels: number;
};

/** Enlarges a picture with tiles of `tilePx` and each halo, and compares the results with that of one tile. */
export async function measureParity(
  host: InferenceHost,
  model: AvailableModel,
  picture: Frame,
  { tilePx, halosPx }: { readonly tilePx: number; readonly halosPx: readonly number[] },
): Promise<Parity[]> {
  const run = async (haloPx: number, maxPx: number) => {
    const { scale } = model;
    const sink = createFrameSink(picture.widthPx * scale, picture.heightPx * scale, picture.channels);
    const source = createFrameSource(picture);
    const { tiles } = await runTiled({ source, sink, model: { ...model, haloPx }, host, tilePx: maxPx });
    return { tiles, data: sink.frame.data };
  };
  const whole = await run(model.haloPx, Math.max(picture.widthPx, picture.heightPx) + model.sizeMultiple);
  const parities: Parity[] = [];
  for (const haloPx of halosPx) {
    const { tiles, data } = await run(haloPx, tilePx);
    parities.push({ haloPx, tiles, ...compare(data, whole.data) });
  }
  return parities;
}

function compare(a: Uint8Array, b: Uint8Array): { psnrDb: number | null; worstLevels: number } {
  let squares = 0;
  let worstLevels = 0;
  for (let at = 0; at < a.length; at++) {
    const difference = Math.abs((a[at] as number) - (b[at] as number));
    squares += difference ** 2;
    worstLevels = Math.max(worstLevels, difference);
  }
  const psnrDb = squares === 0 ? null : Number((10 * Math.log10((255 ** 2 * a.length) / squares)).toFixed(1));
  return { psnrDb, worstLevels };
}
