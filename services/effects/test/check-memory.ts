import { expect } from "vitest";
import { parseEffect } from "../src/domain/catalogue/catalogue.ts";
import { allocatedBytes } from "./allocated-bytes.ts";
import { toEffect } from "./pictures.ts";

/**
 * Checks that an effect that needs no whole picture allocates at most the work memory that it states, for pictures wide, high and narrow.
 * A result of more than 10,000 columns may need fewer than `columnBytes` for each of its columns.
 */
export async function checkMemory(
  name: string,
  settings: Readonly<Record<string, number | string | boolean>>,
  columnBytes: number,
): Promise<void> {
  const effect = parseEffect(toEffect(name, settings));
  for (const shape of [
    { widthPx: 16_384, heightPx: 4_096, channels: 4 },
    { widthPx: 16_384, heightPx: 1_000_000, channels: 3 },
    { widthPx: 60, heightPx: 4_096, channels: 4 },
  ] as const) {
    const { workBytes, pictureBytes } = effect.work.memory(shape);
    expect(pictureBytes).toEqual([]);
    expect(await allocatedBytes(effect, shape), JSON.stringify(settings)).toBeLessThanOrEqual(workBytes);
    const { widthPx } = effect.work.resultShape(shape);
    if (widthPx > 10_000) expect(workBytes / widthPx).toBeLessThan(columnBytes);
  }
}
