import { type Rgb, toRgb } from "../../../services/effects/src/domain/color/color.ts";
import { bilateralTaps } from "../../../services/effects/src/domain/detail/bilateral.ts";
import { type BlurShape, gaussian } from "../../../services/effects/src/domain/detail/blur-shape.ts";
import { edgeFactor } from "../../../services/effects/src/domain/detail/pencil.ts";
import { type Loop, resultBytes } from "../picture.ts";
import { blurValues, toGreys } from "./blur.ts";
import { lightnessOf, putCones, toConePlanes } from "./lab.ts";

type Lines = Exclude<BlurShape, { kind: "disc" }>;

/** A change of OKLab lightness by `change`, from the lightness and its Gaussian mean. */
export function lightnessLoop(sigmaPx: number, change: (lightness: number, mean: number) => number): Loop {
  const shape = gaussian(sigmaPx) as Lines;
  return (picture) => {
    const [long, medium, short] = toConePlanes(picture);
    const values = new Float32Array(long.length);
    for (let x = 0; x < values.length; x++)
      values[x] = lightnessOf(long[x] as number, medium[x] as number, short[x] as number);
    const means = blurValues({ ...picture, channels: 1, values }, shape);
    const out = resultBytes(picture.data.length);
    for (let x = 0; x < values.length; x++) {
      const moved = change(values[x] as number, means[x] as number);
      putCones((long[x] as number) + moved, (medium[x] as number) + moved, (short[x] as number) + moved, out, 3 * x);
    }
    return out;
  };
}

/** The effect sharpen: an unsharp mask with a threshold and a limit. */
export function sharpenLoop(sigmaPx: number, amount: number, threshold: number, limit: number): Loop {
  return lightnessLoop(sigmaPx, (lightness, mean) => {
    const difference = lightness - mean;
    const excess =
      difference > threshold ? difference - threshold : difference < -threshold ? difference + threshold : 0;
    return Math.min(limit, Math.max(-limit, amount * excess));
  });
}

/** The effect clarity: an unsharp mask for mid-tones, half as strong for a difference of a quarter. */
export function clarityLoop(sigmaPx: number, amount: number): Loop {
  return lightnessLoop(sigmaPx, (lightness, mean) => {
    const difference = lightness - mean;
    const inMiddle = 4 * lightness * Math.max(0, 1 - lightness);
    return (amount * inMiddle * difference) / (1 + 16 * difference * difference);
  });
}

/** The effect denoise: a bilateral filter in OKLab. */
export function denoiseLoop(radiusPx: number, sigma: number): Loop {
  const taps = bilateralTaps(radiusPx);
  const falloff = 1 / (16 * sigma * sigma);
  return (picture) => {
    const { widthPx, heightPx, data } = picture;
    const [ls, as, bs] = toConePlanes(picture);
    for (let x = 0; x < ls.length; x++) {
      const [l, m, s] = [ls[x] as number, as[x] as number, bs[x] as number];
      ls[x] = lightnessOf(l, m, s);
      as[x] = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
      bs[x] = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
    }
    const downs = Int32Array.from(taps, ({ down }) => down);
    const rights = Int32Array.from(taps, ({ right }) => right);
    const weights = Float64Array.from(taps, ({ weight }) => weight);
    const out = resultBytes(data.length);
    for (let y = 0, i = 0; y < heightPx; y++)
      for (let x = 0; x < widthPx; x++, i++) {
        const [l, a, b] = [ls[i] as number, as[i] as number, bs[i] as number];
        let [total, sumL, sumA, sumB] = [1, 0, 0, 0];
        for (let k = 0; k < weights.length; k++) {
          const column = Math.min(widthPx - 1, Math.max(0, x + (rights[k] as number)));
          const row = Math.min(heightPx - 1, Math.max(0, y + (downs[k] as number)));
          const at = row * widthPx + column;
          const dl = (ls[at] as number) - l;
          const da = (as[at] as number) - a;
          const db = (bs[at] as number) - b;
          const base = 1 - falloff * (dl * dl + da * da + db * db);
          if (base <= 0) continue;
          const squared = base * base;
          const weight = squared * squared * squared * squared * (weights[k] as number);
          total += weight;
          sumL += weight * dl;
          sumA += weight * da;
          sumB += weight * db;
        }
        const [lightness, green, blue] = [l + sumL / total, a + sumA / total, b + sumB / total];
        putCones(
          lightness + 0.3963377774 * green + 0.2158037573 * blue,
          lightness - 0.1055613458 * green - 0.0638541728 * blue,
          lightness - 0.0894841775 * green - 1.291485548 * blue,
          out,
          3 * i,
        );
      }
    return out;
  };
}

/** The effect edge_sketch at its defaults, for another thickness of lines. */
export function sketchLoop(thicknessPx: number): Loop {
  const [paper, pencil] = [toRgb("#fdfbf5") as Rgb, toRgb("#2b2b30") as Rgb];
  const strength = 3 * edgeFactor(thicknessPx / 2);
  return (picture) => {
    const { widthPx, heightPx, data } = picture;
    const values = toGreys(picture);
    const from = { ...picture, channels: 1, values };
    const smooth = blurValues(from, gaussian(thicknessPx / 2) as Lines);
    const around = blurValues(from, gaussian(4 * thicknessPx) as Lines);
    const out = resultBytes(data.length);
    for (let y = 0, i = 0; y < heightPx; y++) {
      const here = y * widthPx;
      const above = Math.max(0, y - 1) * widthPx;
      const below = Math.min(heightPx - 1, y + 1) * widthPx;
      for (let x = 0; x < widthPx; x++, i++) {
        const left = x > 0 ? x - 1 : 0;
        const right = x < widthPx - 1 ? x + 1 : x;
        const falling = (smooth[below + right] as number) - (smooth[above + left] as number);
        const rising = (smooth[above + right] as number) - (smooth[below + left] as number);
        const across =
          3 * (falling + rising) + 10 * ((smooth[here + right] as number) - (smooth[here + left] as number));
        const down = 3 * (falling - rising) + 10 * ((smooth[below + x] as number) - (smooth[above + x] as number));
        const line = Math.min(1, (strength / 32) * Math.sqrt(across * across + down * down));
        const shade = Math.min(1, ((values[i] as number) + 1 / 255) / ((around[i] as number) + 1 / 255));
        const bare = (1 - line) * (1 - 0.6 * (1 - shade));
        for (let c = 0; c < 3; c++)
          out[3 * i + c] = 255 * ((pencil[c] as number) + bare * ((paper[c] as number) - (pencil[c] as number))) + 0.5;
      }
    }
    return out;
  };
}
