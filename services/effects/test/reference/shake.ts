import { hash32 } from "../../src/domain/draw/noise.ts";
import { alphaAt, mapSamples, type Picture, sampleAt } from "./glitch-pictures.ts";

/** The settings of the effect shake. */
export type ShakeSettings = {
  readonly amount: number;
  readonly block: number;
  readonly density: number;
  readonly channels: number;
  readonly edge: "repeat" | "wrap";
  readonly seed: number;
};

/** The effect shake over a whole picture, sample by sample. */
export function shakeReference(picture: Picture, settings: ShakeSettings): Picture {
  const { amount, block, density, channels, edge, seed } = settings;
  const share = (index: number, band: number) => hash32(band ^ hash32(hash32(seed ^ 0x9e3779b9) + index)) / 2 ** 32;
  const startOf = (band: number) => (band + share(0, band) - 0.5) * block;
  const bandOf = (y: number) => {
    let band = -2;
    while (startOf(band + 1) <= y + 0.5) band += 1;
    return band;
  };
  return mapSamples(picture, (x, y, c) => {
    const band = bandOf(y);
    const isMoving = share(1, band) < density / 100;
    const [common, own] = [2 * share(2, band) - 1, 2 * share(3 + c, band) - 1];
    const offset = isMoving ? Math.round(amount * (common + ((own - common) * channels) / 100)) : 0;
    const { widthPx } = picture;
    const source = edge === "wrap" ? (((x - offset) % widthPx) + widthPx) % widthPx : x - offset;
    return sampleAt(picture, alphaAt(picture, source, y) > 0 ? source : x, y, c);
  });
}
