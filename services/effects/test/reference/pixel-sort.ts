import { alphaAt, type Picture, sampleAt } from "./glitch-pictures.ts";

/** The settings of the effect pixel_sort. */
export type PixelSortSettings = {
  readonly by: "luminance" | "hue" | "saturation";
  readonly low: number;
  readonly high: number;
  readonly direction: "rising" | "falling";
  readonly length: number;
};

type Pixel = { readonly color: readonly [number, number, number]; readonly isIn: boolean; readonly key: number };

/** The effect pixel_sort over a whole picture: runs are cut out of each row and sorted by Array.sort, which is stable. */
export function pixelSortReference(picture: Picture, settings: PixelSortSettings): Picture {
  const { widthPx, heightPx, channels } = picture;
  const samples = picture.samples.slice();
  const sign = settings.direction === "falling" ? -1 : 1;
  for (let y = 0; y < heightPx; y++) {
    const pixels = Array.from({ length: widthPx }, (_, x) => pixelAt(picture, x, y, settings));
    const sorted = runsOf(pixels, settings.length === 0 ? widthPx : Math.max(1, Math.round(settings.length))).flatMap(
      (run) => (run[0]?.isIn ? run.sort((a, b) => sign * (a.key - b.key)) : run),
    );
    sorted.forEach(({ color }, x) => {
      samples.set(color, (y * widthPx + x) * channels);
    });
  }
  return { ...picture, samples };
}

function runsOf(pixels: readonly Pixel[], limit: number): Pixel[][] {
  const runs: Pixel[][] = [];
  for (const pixel of pixels) {
    const last = runs.at(-1);
    if (last?.[0]?.isIn && pixel.isIn && last.length < limit) last.push(pixel);
    else runs.push([pixel]);
  }
  return runs;
}

function pixelAt(picture: Picture, x: number, y: number, { by, low, high }: PixelSortSettings): Pixel {
  const color = [0, 1, 2].map((c) => sampleAt(picture, x, y, c)) as [number, number, number];
  const [r, g, b] = color;
  const luma = Math.min(1, 0.299 * r + 0.587 * g + 0.114 * b);
  const keyOf = (share: number) => Math.round(share * 65_535);
  const isWithin = keyOf(luma) >= keyOf(low / 100) && keyOf(luma) <= keyOf(high / 100);
  const share = { luminance: luma, hue: hueOf(color), saturation: saturationOf(color) }[by];
  return { color, isIn: isWithin && alphaAt(picture, x, y) > 0, key: keyOf(share) };
}

/** Hue of HSV as a share of the circle, by the sector of the largest channel. */
function hueOf([r, g, b]: readonly [number, number, number]): number {
  const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  if (most === least) return 0;
  const place = (from: number, to: number, sector: number) => (from - to) / (most - least) + sector;
  const sixths = most === r ? place(g, b, g < b ? 6 : 0) : most === g ? place(b, r, 2) : place(r, g, 4);
  return sixths / 6;
}

function saturationOf(color: readonly number[]): number {
  const most = Math.max(...color);
  return most === 0 ? 0 : (most - Math.min(...color)) / most;
}
