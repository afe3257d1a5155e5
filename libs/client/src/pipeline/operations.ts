import { expected } from "@pixelmesh/errors";
import {
  CutOutResult,
  ExistingAlpha,
  LowConfidence,
  PictureFit,
  Refinement,
  RemoveBackgroundOperation,
  ReplaceBackgroundOperation,
  type Step,
  UpscaleOperation,
} from "@pixelmesh/proto";
import { fromWord, type WordOf } from "./words.ts";

/** One operation of a step. */
export type Operation = NonNullable<Step["operation"]>;

/** Settings of an upscale; `scale` or `target`. */
export type UpscaleSettings = Parameters<typeof UpscaleOperation.fromPartial>[0];

/** Settings of a cut-out; those that are words in place of enums of the contract. */
export type CutOutSettings = Omit<
  Partial<RemoveBackgroundOperation>,
  "existingAlpha" | "result" | "onLowConfidence" | "refine"
> & {
  readonly existingAlpha?: WordOf<typeof ExistingAlpha>;
  readonly result?: WordOf<typeof CutOutResult>;
  readonly onLowConfidence?: WordOf<typeof LowConfidence>;
  readonly refine?: WordOf<typeof Refinement>;
};

/** A new background: a colour `#rrggbb`, the blurred original, a gradient, or a further picture of the job by its name. */
export type BackgroundSettings =
  | string
  | { readonly color: string }
  /** Sigma of a Gaussian blur, 0.3 to 100 px. */
  | { readonly blurSigmaPx: number }
  /** 2 to 8 colours `#rrggbb`; angle 0 to 360 degrees, default 180 (downwards). */
  | { readonly gradient: readonly string[]; readonly angle?: number }
  | {
      readonly picture: string;
      /** Default cover. */
      readonly fit?: WordOf<typeof PictureFit>;
      /** 0 (left, top) to 1 (right, bottom); default 0.5. */
      readonly positionX?: number;
      readonly positionY?: number;
      /** `#rrggbb`, around and behind the picture; default #ffffff. */
      readonly color?: string;
    };

/** Converts settings of an upscale, or a scale alone. */
export function toUpscale(settings: number | UpscaleSettings): Operation {
  const value = UpscaleOperation.fromPartial(typeof settings === "number" ? { scale: settings } : settings);
  return { $case: "upscale", value };
}

/** Converts settings of a cut-out. Throws INVALID_ARGUMENT for an unknown word. */
export function toCutOut(settings: CutOutSettings): Operation {
  const { existingAlpha, result, onLowConfidence, refine, ...rest } = settings;
  const value = RemoveBackgroundOperation.fromPartial({
    ...rest,
    existingAlpha: fromWord("existingAlpha", ExistingAlpha, existingAlpha),
    result: fromWord("result", CutOutResult, result),
    onLowConfidence: fromWord("onLowConfidence", LowConfidence, onLowConfidence),
    refine: fromWord("refine", Refinement, refine),
  });
  return { $case: "removeBackground", value };
}

/** Converts a new background. Throws INVALID_ARGUMENT for another form. */
export function toReplacement(settings: BackgroundSettings): Operation {
  const background = toBackground(typeof settings === "string" ? { color: settings } : settings);
  return { $case: "replaceBackground", value: ReplaceBackgroundOperation.fromPartial({ background }) };
}

function toBackground(
  settings: Exclude<BackgroundSettings, string>,
): NonNullable<ReplaceBackgroundOperation["background"]> {
  if ("picture" in settings) {
    const { picture: _, fit, ...rest } = settings;
    return { $case: "picture", value: { ...rest, fit: fromWord("fit", PictureFit, fit) } };
  }
  if ("gradient" in settings)
    return { $case: "gradient", value: { colors: [...settings.gradient], angle: settings.angle ?? 180 } };
  if ("blurSigmaPx" in settings) return { $case: "blurSigmaPx", value: settings.blurSigmaPx };
  if ("color" in settings) return { $case: "color", value: settings.color };
  throw expected("background", "a colour, { blurSigmaPx }, { gradient } or { picture }", settings);
}
