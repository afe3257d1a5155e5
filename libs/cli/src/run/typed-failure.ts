import type { EffectDescription, Pipeline } from "@pixelmesh/proto";
import { didYouMean } from "../options/nearest.ts";
import type { Failure } from "./document.ts";
import type { EffectText } from "./effect-text.ts";
import type { RunFlags } from "./flags.ts";

/** The flag for each field of the operations that flags set, by the id of the step; the first one where no field says more. */
const flagsOfSteps: Readonly<Record<string, readonly (readonly [field: string, flag: string])[]>> = {
  prescale: [["", "--max-side"]],
  upscale: [
    ["denoise", "--denoise"],
    ["finishing.sharpen", "--sharpen"],
    ["finishing.contrast", "--contrast"],
    ["target.height", "--height"],
    ["target", "--width"],
    ["model", "--model"],
    ["", "--upscale"],
  ],
  remove_background: [
    ["model", "--model"],
    ["", "--remove-background"],
  ],
  replace_background: [["", "--background"]],
};

const flagsOfEncoding: Readonly<Record<string, string>> = {
  format: "--format",
  quality: "--encode-quality",
  lossless: "--lossless",
};

/** A failure whose text names flags as they were typed instead of fields of the request, and the nearest known name of a wrong one. */
export function toTypedFailure(
  { reason, message }: Failure,
  flags: RunFlags,
  pipeline: Pipeline,
  catalogue: readonly EffectDescription[],
): Failure {
  let hint = "";
  const typed = message.replace(/`(pipeline\.[^`]+)`/g, (quoted, path: string) => {
    const place = toTyped(path, flags, pipeline);
    if (place?.effect !== undefined) hint = toParameterHint(place.effect, catalogue);
    return place === undefined ? quoted : `\`${place.text}\``;
  });
  const wrong = reason === "UNKNOWN_EFFECT" ? findUnknownEffect(flags, catalogue) : undefined;
  return { reason, message: `${typed}${hint}${wrong === undefined ? "" : ` (\`${wrong}\`)`}` };
}

type Typed = { readonly text: string; readonly effect?: EffectText };

function toTyped(path: string, flags: RunFlags, { steps }: Pipeline): Typed | undefined {
  const encoding = /^pipeline\.outputs\[\d+\]\.encoding\.(\w+)/.exec(path)?.[1];
  const flag = encoding === undefined ? undefined : flagsOfEncoding[encoding];
  if (flag !== undefined) return { text: flag };
  const [, index, field = ""] = /^pipeline\.steps\[(\d+)\](?:\.\w+(?:\.(.*))?)?$/.exec(path) ?? [];
  const id = index === undefined ? undefined : steps[Number(index)]?.id;
  if (id === undefined) return undefined;
  const found = flagsOfSteps[id]?.find(([name]) => field.startsWith(name))?.[1];
  return found === undefined ? toTypedEffect(id, field, flags, steps) : { text: found };
}

function toTypedEffect(id: string, field: string, flags: RunFlags, steps: Pipeline["steps"]): Typed | undefined {
  const [, at, parameter] = /^effects\[(\d+)\](?:\.parameters(?:\.(\w+))?)?$/.exec(field) ?? [];
  // Variants are the last steps, in their order.
  const variant = flags.variants[steps.findIndex((step) => step.id === id) - (steps.length - flags.variants.length)];
  const flag = variant === undefined ? "--effect" : `--variant ${variant.name}=`;
  const effects = variant?.effects ?? flags.effects;
  const effect = at === undefined ? undefined : effects[Number(at)];
  if (effect === undefined) return { text: flag };
  const name = parameter === undefined ? effect.name : `${effect.name}:${parameter}`;
  const text = variant === undefined ? `${flag} ${name}` : `${flag}${name}`;
  return parameter === undefined ? { text, effect } : { text };
}

/** The nearest parameter for the first setting that the effect does not have. */
function toParameterHint({ name, settings }: EffectText, catalogue: readonly EffectDescription[]): string {
  const known = catalogue.find((effect) => effect.name === name)?.parameters.map((parameter) => parameter.name) ?? [];
  const wrong = Object.keys(settings).find((setting) => !known.includes(setting));
  return wrong === undefined ? "" : didYouMean(wrong, known);
}

function findUnknownEffect(flags: RunFlags, catalogue: readonly EffectDescription[]): string | undefined {
  const isUnknown = ({ name }: EffectText) => catalogue.every((effect) => effect.name !== name);
  const effect = flags.effects.find(isUnknown);
  if (effect !== undefined) return `--effect ${effect.name}`;
  const variant = flags.variants.find(({ effects }) => effects.some(isUnknown));
  return variant && `--variant ${variant.name}=${variant.effects.find(isUnknown)?.name}`;
}
