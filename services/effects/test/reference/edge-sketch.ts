import { luminanceWeights, type Rgb, toEncoded, toLinear, toRgb } from "../../src/domain/color/color.ts";
import { extendedBoxLine, gaussianLine } from "./blur.ts";
import { blurValues, type Pixels, pixelAt, square } from "./planes.ts";

/** Settings of the effect edge_sketch. */
export type SketchSettings = {
  readonly strength?: number;
  readonly thickness?: number;
  readonly shading?: number;
  readonly paper?: string;
  readonly pencil?: string;
};

/** The effect edge_sketch, step by step over the whole picture. */
export function sketchReference(
  picture: Pixels,
  { strength = 100, thickness = 1.5, shading = 60, paper = "#fdfbf5", pencil = "#2b2b30" }: SketchSettings,
): Pixels {
  const greys = picture.rgba.map((pixel) =>
    toEncoded(luminanceWeights.reduce((sum, weight, c) => sum + weight * toLinear(pixel[c] as number), 0)),
  );
  const alphas = picture.rgba.map((pixel) => pixel[3] as number);
  const blurred = (values: readonly number[], weights: readonly number[], sigma: number) => {
    const line = square(sigma <= 2 ? gaussianLine(sigma) : extendedBoxLine(sigma));
    const means = blurValues(
      picture,
      values.map((value) => [value]),
      weights,
      line,
    );
    return means.map((mean) => mean?.[0]);
  };
  const blurredGreys = (sigma: number) => blurred(greys, alphas, sigma);
  const sigma = thickness / 2;
  const ones = alphas.map(() => 1);
  const coverage = blurred(alphas, ones, sigma);
  // Unknown where hardly anything around is visible.
  const known = blurredGreys(sigma).map((mean, i) => ((coverage[i] as number) < 1e-4 ? undefined : mean));
  const knownAt = pixelAt(picture, known);
  const around = blurredGreys(4 * thickness);
  const [paperRgb, pencilRgb] = [toRgb(paper), toRgb(pencil)] as [Rgb, Rgb];
  const rgba = picture.rgba.map((pixel, i) => {
    const [x, y] = [i % picture.widthPx, Math.floor(i / picture.widthPx)];
    // What is unknown has no edge.
    const smooth = (right: number, down: number) => knownAt(right, down) ?? known[i] ?? 1;
    // Scharr's kernel, whose weights of one side have the sum 16; two pixels lie between the sides.
    const side = (at: (along: number) => number) => (3 * at(-1) + 10 * at(0) + 3 * at(1)) / 16;
    const across = (side((k) => smooth(x + 1, y + k)) - side((k) => smooth(x - 1, y + k))) / 2;
    const down = (side((k) => smooth(x + k, y + 1)) - side((k) => smooth(x + k, y - 1))) / 2;
    const height = Math.hypot(across, down) * Math.sqrt(2 * Math.PI * sigma * sigma + 4);
    const line = Math.min(1, 3 * (strength / 100) * height);
    const grey = greys[i] as number;
    const shade = Math.min(1, (grey + 1 / 255) / ((around[i] ?? grey) + 1 / 255));
    const bare = (1 - line) * (1 - (shading / 100) * (1 - shade));
    return [...paperRgb.map((light, c) => light * bare + (pencilRgb[c] as number) * (1 - bare)), pixel[3] as number];
  });
  return { ...picture, rgba };
}
