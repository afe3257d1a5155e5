import { toEncoded, toLinear } from "../../src/domain/color/color.ts";
import { alphaAt, mapSamples, type Picture, sampleAt } from "./glitch-pictures.ts";

/**
 * The effect motion over a whole picture: each column under the line (row, if it is steep) counts by the length that the line has in it. Its value is
 * interpolated between two pixels at the middle of that part.
 */
export function motionReference(picture: Picture, { length, angle }: { length: number; angle: number }): Picture {
  const [cos, sin] = [Math.cos((angle * Math.PI) / 180), -Math.sin((angle * Math.PI) / 180)];
  // 45° is a diagonal for both; rounding must not decide.
  const isSteep = Math.abs(sin) > Math.abs(cos) + 1e-12;
  const extent = length * Math.abs(isSteep ? sin : cos);
  const slope = isSteep ? cos / sin : sin / cos;
  const linear = mapSamples(picture, (x, y, c) => toLinear(sampleAt(picture, x, y, c)));
  return mapSamples(picture, (x, y, c) => {
    let [light, weights] = [0, 0];
    const add = (column: number, row: number, share: number) => {
      if (share < 1e-9) return;
      const weight = share * alphaAt(picture, column, row);
      light += weight * sampleAt(linear, column, row, c);
      weights += weight;
    };
    for (let step = -64; step <= 64; step++) {
      const [begin, end] = [Math.max(step - 0.5, -extent / 2), Math.min(step + 0.5, extent / 2)];
      const covered = extent > 1 ? Math.max(0, end - begin) : step === 0 ? 1 : 0;
      if (covered === 0) continue;
      const across = (slope * (begin + end)) / 2;
      for (const side of [Math.floor(across), Math.floor(across) + 1]) {
        const share = covered * (1 - Math.abs(across - side));
        if (isSteep) add(x + side, y + step, share);
        else add(x + step, y + side, share);
      }
    }
    return weights > 0 ? toEncoded(light / weights) : sampleAt(picture, x, y, c);
  });
}
