import type { RemoveBackgroundOperation } from "@pixelmesh/proto";
import { didYouMean } from "./nearest.ts";
import { wrongFlag } from "./usage-error.ts";

const alphas = ["auto", "multiply", "replace", "keep"] as const;
const results = ["cut_out", "matte"] as const;
const refinements = ["guided", "none"] as const;
const doubts = ["retry", "fail"] as const;

/** The settings of a cut-out besides its model. Choices are the words that were typed: the contract's modules would slow down every command. */
export type CutOutSettings = Omit<
  RemoveBackgroundOperation,
  "model" | "existingAlpha" | "refine" | "result" | "onLowConfidence"
> & {
  readonly existingAlpha?: (typeof alphas)[number];
  readonly refine?: (typeof refinements)[number];
  readonly result?: (typeof results)[number];
  readonly onLowConfidence?: (typeof doubts)[number];
};

const flag = "--cut-out";

/** Reads the value of a setting. Throws UsageError. */
type Read = (key: string, value: string) => CutOutSettings;

const readers: Readonly<Record<string, Read>> = {
  existing_alpha: (key, value) => ({ existingAlpha: oneOf(key, value, alphas) }),
  threshold: (key, value) => ({ threshold: within(key, value, 0, 1) }),
  feather: (key, value) => ({ featherPx: within(key, value, 0.3, 100) }),
  trimap: (key, value) => ({ trimapPx: within(key, value, 1, 16_384) }),
  refine: (key, value) => ({ refine: oneOf(key, value, refinements) }),
  fill_holes: (key, value) => ({ fillHoles: isOn(key, value) }),
  min_island: (key, value) => ({ minIsland: within(key, value, 0, 0.5) }),
  decontaminate: (key, value) => ({ decontaminate: isOn(key, value) }),
  region: (key, value) => ({ region: toRegion(key, value) }),
  result: (key, value) => ({ result: oneOf(key, value, results) }),
  min_confidence: (key, value) => ({ minConfidence: within(key, value, 0, 1) }),
  on_low_confidence: (key, value) => ({ onLowConfidence: oneOf(key, value, doubts) }),
};

/** Names of the settings, for help texts. */
export const cutOutSettingNames: readonly string[] = Object.keys(readers);

/** Reads `key=value,key=value`; a key alone is true. Throws UsageError with the nearest known key. */
export function parseCutOut(text: string): CutOutSettings {
  let settings: CutOutSettings = {};
  const seen = new Set<string>();
  for (const pair of text.split(",")) {
    const [key = "", ...rest] = pair.split("=");
    const read = Object.hasOwn(readers, key) ? readers[key] : undefined;
    if (!read) {
      const known = cutOutSettingNames.join(", ");
      throw wrongFlag(flag, `settings key=value,… among ${known}`, text, didYouMean(key, cutOutSettingNames));
    }
    if (seen.has(key)) throw wrongFlag(flag, `given each setting once (${key})`, text);
    seen.add(key);
    settings = { ...settings, ...read(key, rest.length === 0 ? "true" : rest.join("=").trim()) };
  }
  return settings;
}

function within(key: string, text: string, least: number, most: number): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrongFlag(`${flag} ${key}`, `a number from ${least} to ${most}`, text);
}

function isOn(key: string, text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw wrongFlag(`${flag} ${key}`, "true or false", text);
}

function oneOf<W extends string>(key: string, text: string, words: readonly W[]): W {
  const found = words.find((word) => word === text.toLowerCase());
  if (found !== undefined) return found;
  throw wrongFlag(`${flag} ${key}`, `one of ${words.join(", ")}`, text, didYouMean(text, words));
}

/** Reads `LEFT:TOP:WIDTH:HEIGHT` in pixels. */
function toRegion(key: string, text: string): NonNullable<CutOutSettings["region"]> {
  const [leftPx = -1, topPx = -1, widthPx = 0, heightPx = 0] = /^\d{1,5}(:\d{1,5}){3}$/.test(text)
    ? text.split(":").map(Number)
    : [];
  const isBox = leftPx >= 0 && leftPx < 16_384 && topPx >= 0 && topPx < 16_384 && widthPx >= 1 && heightPx >= 1;
  if (isBox && widthPx <= 16_384 && heightPx <= 16_384) return { leftPx, topPx, widthPx, heightPx };
  throw wrongFlag(`${flag} ${key}`, "a box LEFT:TOP:WIDTH:HEIGHT in px, such as 40:0:800:600", text);
}
