import { defaultLimits, memoryFrameStore, toWholeFrame } from "@pixelmesh/imaging";
import type { RemoteProvider } from "../../src/providers/create-provider.ts";
import { type OutputPicture, type ReadOutputOptions, readOutput } from "../../src/reader/read-output.ts";
import { drawPicture, widthPx } from "./open-fake.ts";

/** Reads an output with the default limits. */
export function readAll(
  provider: RemoteProvider,
  output: unknown,
  changes: Partial<ReadOutputOptions> = {},
): Promise<OutputPicture[]> {
  return readOutput(output, {
    source: provider.results,
    limits: defaultLimits,
    frameStore: memoryFrameStore,
    signal: AbortSignal.timeout(60_000),
    ...changes,
  });
}

/** How many of the pictures are the drawn one with inverted colours, each one a pixel narrower than the one before, from the first on. */
export async function countInverted(pictures: readonly OutputPicture[]): Promise<number> {
  const { pixels } = await drawPicture();
  for (const [at, { raster, index }] of pictures.entries()) {
    const frame = await toWholeFrame(raster);
    if (frame.channels !== 3 || frame.widthPx !== widthPx - (index - 1)) return at;
    for (let y = 0; y < frame.heightPx; y += 1)
      for (let x = 0; x < frame.widthPx * 3; x += 1)
        if (frame.data[y * frame.widthPx * 3 + x] !== 255 - pixels[y * widthPx * 3 + x]!) return at;
  }
  return pictures.length;
}
