import { toRgb } from "../../../services/effects/src/domain/color/color.ts";
import { disc } from "../../../services/effects/src/domain/detail/blur-shape.ts";
import { edgeFactor } from "../../../services/effects/src/domain/detail/pencil.ts";
import { blurLoop } from "../loops/blur.ts";
import { clarityLoop, denoiseLoop, sharpenLoop, sketchLoop } from "../loops/detail.ts";
import { inLinearLight } from "../vips.ts";
import { type Comparison, openCvOf, rounded, vipsOf } from "./comparison.ts";

// OpenCV has the Gaussian itself, ours is three boxes of its variance above a standard deviation of 2 px. Ours and the loop's are alike.
const threeBoxes = { levels: 4, share: 0.001 };

function discKernel(radiusPx: number): number[][] {
  const shape = disc(radiusPx) as Extract<ReturnType<typeof disc>, { kind: "disc" }>;
  const area = shape.halves.reduce((sum, half) => sum + 2 * half, 0);
  const side = 2 * shape.reach + 1;
  return shape.halves.map((half) =>
    Array.from({ length: side }, (_, x) => {
      const distance = Math.abs(x - shape.reach);
      const covered = distance === 0 ? Math.min(1, 2 * half) : Math.min(1, Math.max(0, half - (distance - 0.5)));
      return covered / area;
    }),
  );
}

function gaussianPeers(sigma: number) {
  return {
    loop: blurLoop("gaussian", 2 * sigma),
    openCv: openCvOf("gaussian_blur", { sigma }),
    vips: vipsOf(inLinearLight((picture) => picture.blur({ sigma, precision: "float", minAmplitude: 0.01 }))),
  };
}

/** Comparisons of detail. */
export const details: readonly Comparison[] = [
  { effect: "blur", mode: "gaussian, 8 px", settings: {}, tolerance: threeBoxes, ...gaussianPeers(4) },
  {
    effect: "blur",
    mode: "gaussian, 2 px",
    settings: { radius: 2 },
    tolerance: { levels: 1, share: 0.001 },
    ...gaussianPeers(1),
  },
  {
    ...{ effect: "blur", mode: "box, 8 px", settings: { kind: "box" }, tolerance: rounded, loop: blurLoop("box", 8) },
    openCv: openCvOf("box_blur", { radius: 8 }),
  },
  {
    ...{
      effect: "blur",
      mode: "lens, 8 px",
      settings: { kind: "lens" },
      tolerance: rounded,
      loop: blurLoop("lens", 8),
    },
    openCv: openCvOf("filtered", { kernel: discKernel(8) }),
  },
  {
    ...{ effect: "sharpen", mode: "", settings: {}, tolerance: rounded, loop: sharpenLoop(1, 1, 2 / 255, 0.25) },
    openCv: openCvOf("sharpen", { sigma: 1, amount: 1, threshold: 2 / 255, limit: 0.25 }),
    vips: { work: (picture) => picture.sharpen({ sigma: 1, m1: 0, m2: 1, x1: 0.8 }), differs: "Sharpens CIE L*." },
  },
  {
    ...{
      effect: "clarity",
      mode: "",
      settings: {},
      tolerance: { levels: 2, share: 0.001 },
      loop: clarityLoop(15, 0.5),
    },
    openCv: openCvOf("clarity", { sigma: 15, amount: 0.5 }),
  },
  {
    ...{ effect: "denoise", mode: "", settings: {}, tolerance: rounded, loop: denoiseLoop(3, 0.06) },
    openCv: {
      ...openCvOf("bilateral", { diameter: 7, sigma_color: 25, sigma_space: 1.6 }),
      differs: "The bilateral filter of encoded RGB.",
    },
  },
  {
    ...{ effect: "edge_sketch", mode: "", settings: {}, tolerance: { levels: 2, share: 0.002 }, loop: sketchLoop(1.5) },
    openCv: openCvOf("sketch", {
      ...{ thickness: 1.5, strength: 3 * edgeFactor(0.75) },
      ...{ paper: toRgb("#fdfbf5"), pencil: toRgb("#2b2b30") },
    }),
  },
];
