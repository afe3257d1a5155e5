import { type BackgroundDraft, cutsOut, type Draft, type EffectDraft, type SettingValue } from "./draft.ts";

/** A flag of the command line: its name without dashes, and its value; true for a flag without one. */
export type Flag = readonly [name: string, value: string | true];

/** How a text names the further pictures: by the names under which they are sent, or by their files. */
export type PictureNames = {
  /** After `@` in a setting of an effect. */
  readonly setting: (picture: string) => string;
  /** As a background. */
  readonly background: (picture: string) => string;
};

/** The names in a form of the HTTP API, in which the background is the file `background`. */
export const formNames: PictureNames = { setting: (name) => name, background: () => "@background" };

/** Returns the flags of `pixelmesh run` that ask for the draft. The query of the HTTP API has the same names, with `_` for `-`. */
export function toFlags(draft: Draft, names: PictureNames = formNames): Flag[] {
  const { maxSidePx, scale, upscaleModel, cutoutModel, background, effects, variants, format } = draft;
  const flags: (Flag | undefined)[] = [
    maxSidePx > 0 ? ["max-side", `${maxSidePx}`] : undefined,
    scale > 0 ? ["upscale", `${scale}`] : undefined,
    scale > 0 && upscaleModel !== "" ? ["upscale-model", upscaleModel] : undefined,
    background.kind === "none" && cutsOut(draft) ? ["remove-background", true] : undefined,
    cutsOut(draft) && cutoutModel !== "" ? ["cutout-model", cutoutModel] : undefined,
    background.kind === "none" ? undefined : ["background", toBackgroundText(background, names)],
    background.kind === "picture" && background.fit !== "cover" ? ["background-fit", background.fit] : undefined,
    ...effects.map((effect): Flag => ["effect", toEffectText(effect, names)]),
    ...variants.map(
      ({ name, effects: chain }): Flag => [
        "variant",
        `${name}=${chain.map((effect) => toEffectText(effect, names)).join("+")}`,
      ],
    ),
    format === "auto" ? undefined : ["format", format],
  ];
  return flags.filter((flag) => flag !== undefined);
}

/** Returns an effect as `--effect` takes it: NAME:key=value,key=value. */
export function toEffectText({ name, settings }: EffectDraft, names: PictureNames = formNames): string {
  const textOf = (value: SettingValue) => (typeof value === "object" ? `@${names.setting(value.picture)}` : `${value}`);
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${textOf(value).replaceAll(",", "\\,")}`);
  return pairs.length === 0 ? name : `${name}:${pairs.join(",")}`;
}

function toBackgroundText(
  background: Exclude<BackgroundDraft, { readonly kind: "none" }>,
  names: PictureNames,
): string {
  switch (background.kind) {
    case "picture":
      return names.background(background.picture);
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
