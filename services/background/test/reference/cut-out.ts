import type { Frame } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import { toOpaqueRgb } from "../../src/domain/cut-out/matte.ts";
import { certainShare, type MatteRefinement, planShape } from "../../src/domain/cut-out/plan-cut-out.ts";
import { createPlane, type Plane, type Size } from "../../src/domain/planes/plane.ts";
import { type FittedMatte, fitMatte } from "./fit-matte.ts";
import { estimateLayers, type LayerColors, toForeground } from "./foreground.ts";
import { createAlphaReader } from "./read-alpha.ts";
import { mapChannels, toRgbPlanes } from "./rgb-planes.ts";
import { createSampler, resamplePlane } from "./sampler.ts";

/** What `planCutOut` leaves in the kernels, as planes. */
export type ReferencePlan = { readonly fitted: FittedMatte; readonly layers: LayerColors };

/** The reference of `planCutOut`: the same by its formulas, without vector instructions. For tests and comparisons. */
export async function planReference(
  guide: Frame,
  matte: Plane,
  pace: Pace,
  refine: MatteRefinement = "guided",
): Promise<ReferencePlan> {
  const { radiusPx, half, layers } = planShape(guide, matte);
  const rgb = toOpaqueRgb(guide);
  const planes = await toRgbPlanes(rgb, guide, pace);
  const fitted = refine === "none" ? enlargeMatte(matte, guide) : await fitMatte(matte, planes, { radiusPx }, pace);
  const alpha = createPlane(guide);
  const readAlpha = createAlphaReader(fitted, guide);
  for (let y = 0; y < guide.heightPx; y++) {
    const start = y * guide.widthPx;
    alpha.data.set(readAlpha(rgb.subarray(start * 3, (start + guide.widthPx) * 3), y), start);
    await pace(guide.widthPx);
  }
  const picture = await mapChannels(async (c) => resamplePlane(planes[c], half));
  return { fitted, layers: await estimateLayers(picture, resamplePlane(alpha, half), layers, pace) };
}

/** Alpha that does not depend on colour. It is narrowed by as much as the reader of fitted mattes widens it. */
function enlargeMatte(matte: Plane, size: Size): FittedMatte {
  const alpha = resamplePlane(matte, size);
  const offset = createPlane(
    size,
    alpha.data.map((value) => value * (1 - 2 * certainShare) + certainShare),
  );
  return { slopes: [createPlane(size), createPlane(size), createPlane(size)], offset };
}

/** The reference of `cutOutRows`, for a whole picture in memory. */
export async function paintReference(frame: Frame, plan: ReferencePlan, pace: Pace): Promise<Frame> {
  const { widthPx, heightPx, channels } = frame;
  const readAlpha = createAlphaReader(plan.fitted, frame);
  const paint = createPainter(plan.layers, frame);
  const out = new Uint8Array(widthPx * heightPx * 4);
  for (let y = 0; y < heightPx; y++) {
    const data = frame.data.subarray(y * widthPx * channels, (y + 1) * widthPx * channels);
    const row: Frame = { widthPx, heightPx: 1, channels, data };
    const rgb = toOpaqueRgb(row);
    paint(row, rgb, readAlpha(rgb, y), y, out.subarray(y * widthPx * 4, (y + 1) * widthPx * 4));
    await pace(widthPx);
  }
  return { widthPx, heightPx, channels: 4, data: out };
}

/** Writes one row of the cut-out, from the source's row, its opaque colours, the matte's alpha and the row's index. */
type Painter = (source: Frame, rgb: Uint8Array, alpha: Float32Array, y: number, out: Uint8Array) => void;

function createPainter(layers: LayerColors, size: Size): Painter {
  const foreground = layers.foreground.map((plane) => createSampler(plane, size));
  const background = layers.background.map((plane) => createSampler(plane, size));
  return ({ channels, data }, rgb, alpha, y, out) => {
    const ownAlpha = channels === 2 || channels === 4 ? channels - 1 : undefined;
    const ownColor = channels >= 3 ? 1 : 0;
    for (let x = 0; x < size.widthPx; x++) {
      const own = ownAlpha === undefined ? 255 : (data[x * channels + ownAlpha] as number);
      const share = alpha[x] as number;
      const opacity = Math.round(own * share);
      if (opacity === 0) continue;
      out[x * 4 + 3] = opacity;
      for (let c = 0; c < 3; c++) {
        const sample = own === 255 ? (rgb[x * 3 + c] as number) : (data[x * channels + c * ownColor] as number);
        // Where the source is itself transparent, its colours are already the object's.
        out[x * 4 + c] =
          own < 255 || opacity === 255
            ? sample
            : Math.round(
                255 *
                  toForeground(
                    sample / 255,
                    share,
                    (foreground[c] as (typeof foreground)[number]).at(x, y),
                    (background[c] as (typeof background)[number]).at(x, y),
                  ),
              );
      }
    }
  };
}
