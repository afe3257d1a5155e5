import { type BackgroundDraft, cutsOut, type Draft, type EffectDraft } from "./draft.ts";

/** A flag of the command line: its name without dashes, and its value; true for a flag without one. */
export type Flag = readonly [name: string, value: string | true];

/** Returns the flags of `pixelmesh run` that ask for the draft. The query of the HTTP API has the same names, with `_` for `-`. */
export function toFlags(draft: Draft): Flag[] {
  const { maxSidePx, scale, upscaleModel, cutoutModel, background, effects, variants, format } = draft;
  const flags: (Flag | undefined)[] = [
    maxSidePx > 0 ? ["max-side", `${maxSidePx}`] : undefined,
    scale > 0 ? ["upscale", `${scale}`] : undefined,
    scale > 0 && upscaleModel !== "" ? ["upscale-model", upscaleModel] : undefined,
    background.kind === "none" && cutsOut(draft) ? ["remove-background", true] : undefined,
    cutsOut(draft) && cutoutModel !== "" ? ["cutout-model", cutoutModel] : undefined,
    background.kind === "none" ? undefined : ["background", toBackgroundText(background)],
    ...effects.map((effect): Flag => ["effect", toEffectText(effect)]),
    ...variants.map(({ name, effects: chain }): Flag => ["variant", `${name}=${chain.map(toEffectText).join("+")}`]),
    format === "auto" ? undefined : ["format", format],
  ];
  return flags.filter((flag) => flag !== undefined);
}

/** Returns an effect as `--effect` takes it: NAME:key=value,key=value. */
export function toEffectText({ name, settings }: EffectDraft): string {
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${`${value}`.replaceAll(",", "\\,")}`);
  return pairs.length === 0 ? name : `${name}:${pairs.join(",")}`;
}

function toBackgroundText(background: Exclude<BackgroundDraft, { readonly kind: "none" }>): string {
  switch (background.kind) {
    case "color":
      return background.color;
    case "blur":
      return `blur:${background.sigmaPx}`;
    case "gradient":
      return `gradient:${background.colors.join(",")}@${background.angle}`;
  }
}

/** Quotes a word for a POSIX shell, if it needs quotes. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
