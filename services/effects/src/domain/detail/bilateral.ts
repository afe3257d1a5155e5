import { detailKernels } from "../../kernels/detail-kernels.ts";
import { createFloatReader, createFloatWriter } from "../rows/on-floats.ts";
import type { RowTarget, Stage, StageContext } from "../rows/rows.ts";
import { createRowWindow } from "./float-rows.ts";

/** What a bilateral filter averages. */
export type Bilateral = {
  /** Weights fall to 0 at a distance of one px more. At least 0. */
  readonly radiusPx: number;
  /** Standard deviation of the weights by distance in OKLab, at least 0. */
  readonly sigma: number;
  /** Share of the change of OKLab a and b, 0 to 1. */
  readonly color: number;
};

/** A pixel of the neighbourhood. */
export type Tap = { readonly right: number; readonly down: number; readonly weight: number };

// Farther than this, every second pixel is left out, as on a chessboard: half the time, for the same smoothness.
const densePx = 3;

/**
 * Returns the pixels around one, without itself, that lie less than radius + 1 px away: (1 - d² / (radius + 1)²)² for a distance of d px. Beyond
 * 3 px only those whose steps across and down have an even sum.
 */
export function bilateralTaps(radiusPx: number): readonly Tap[] {
  const reach = Math.ceil(radiusPx);
  const steps = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  return steps.flatMap((down) =>
    steps.flatMap((right) => {
      const squared = right * right + down * down;
      const closeness = 1 - squared / (radiusPx + 1) ** 2;
      const isLeftOut = squared > densePx ** 2 && (right + down) % 2 !== 0;
      return squared === 0 || closeness <= 0 || isLeftOut ? [] : [{ right, down, weight: closeness ** 2 }];
    }),
  );
}

/**
 * Returns a stage that smooths a row by a bilateral filter in OKLab: C. Tomasi, R. Manduchi, "Bilateral filtering for gray and color images"
 * (1998). The Gaussian of the colour distance d is (1 - d² / 16 σ²)^8, which is 0 from 4 σ on. It holds 2 radius + 1 rows.
 */
export function mapBilateral(context: StageContext, { radiusPx, sigma, color }: Bilateral, target: RowTarget): Stage {
  const { space } = context;
  const { widthPx, heightPx, channels } = context.shape;
  const { toLabPlanes, bilateral } = space.use(detailKernels);
  const taps = sigma > 0 ? bilateralTaps(radiusPx) : [];
  const reach = Math.ceil(radiusPx);
  const planeSamples = Math.ceil((widthPx + 2 * reach) / 4 + 1) * 4;
  const stride = planeSamples * 4;
  const window = createRowWindow(space, planeSamples * channels, 2 * reach + 1);
  const table = space.allocate(taps.length * 8);
  const falloff = sigma > 0 ? 1 / (16 * sigma ** 2) : 0;
  const read = createFloatReader(context);
  const write = createFloatWriter(context);
  let pushed = 0;
  let done = 0;
  let isEnding = false;
  const lightness = (y: number, x: number) => window.row(pushed - 1 - y) + (reach + x) * 4;
  const finish = () => {
    const view = new DataView(space.bytes(table, 0).buffer, table, taps.length * 8);
    taps.forEach(({ right, down, weight }, index) => {
      const y = Math.min(heightPx - 1, Math.max(0, done + down));
      view.setUint32(index * 8, lightness(y, right), true);
      view.setFloat32(index * 8 + 4, weight, true);
    });
    const to = target.place();
    write(to, (out) =>
      bilateral(
        ...([table, taps.length, lightness(done, 0), stride, channels, widthPx] as const),
        ...([falloff, color, out] as const),
      ),
    );
    done += 1;
    target.emit(to);
  };
  return {
    push(row) {
      toLabPlanes(read(row), channels, widthPx, reach, window.next(), stride);
      pushed += 1;
      if (pushed > done + reach) finish();
    },
    more() {
      if (!isEnding || done === pushed) return false;
      finish();
      return true;
    },
    end() {
      isEnding = true;
    },
  };
}
