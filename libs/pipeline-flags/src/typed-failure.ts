import type { Failure } from "@pixelmesh/flag-values";
import { didYouMean, type EffectText } from "@pixelmesh/flag-values";
import type { EffectDescription, Pipeline } from "@pixelmesh/proto";
import { operationFlags } from "./operation-flags.ts";
import type { PipelineFlags } from "./pipeline-options.ts";

const flagsOfEncoding: Readonly<Record<string, string>> = {
  format: "--format",
  quality: "--encode-quality",
  lossless: "--lossless",
};

/** Rewrites a failure: its text names the typed flags instead of fields of the request, and suggests the nearest known name. */
export function toTypedFailure(
  { reason, message }: Failure,
  flags: PipelineFlags,
  pipeline: Pipeline,
  catalogue: readonly EffectDescription[],
): Failure {
  let hint = "";
  const ofFeature = message.replace(/`feature(?:\.parameters)?(?:\.(\w+))?`/g, (quoted, key?: string) =>
    flags.feature ? `\`--feature ${flags.feature.name}${key === undefined ? "" : `:${key}`}\`` : quoted,
  );
  const typed = ofFeature.replace(/`(pipeline\.[^`]+)`/g, (quoted, path: string) => {
    const place = toTyped(path, flags, pipeline);
    if (place?.effect !== undefined) hint = toParameterHint(place.effect, catalogue);
    return place === undefined ? quoted : `\`${place.text}\``;
  });
  const wrong = reason === "UNKNOWN_EFFECT" ? findUnknownEffect(flags, catalogue) : undefined;
  return { reason, message: `${typed}${hint}${wrong === undefined ? "" : ` (\`${wrong}\`)`}` };
}

type Typed = { readonly text: string; readonly effect?: EffectText };

function toTyped(path: string, flags: PipelineFlags, { steps }: Pipeline): Typed | undefined {
  const encoding = /^pipeline\.outputs\[\d+\]\.encoding\.(\w+)/.exec(path)?.[1];
  const flag = encoding === undefined ? undefined : flagsOfEncoding[encoding];
  if (flag !== undefined) return { text: flag };
  const [, index, field = ""] = /^pipeline\.steps\[(\d+)\](?:\.\w+(?:\.(.*))?)?$/.exec(path) ?? [];
  const step = index === undefined ? undefined : steps[Number(index)];
  if (step?.operation === undefined) return undefined;
  if (step.operation.$case === "remoteModel") return { text: toTypedModel(field, flags) };
  const { flagOfField } = operationFlags[step.operation.$case];
  const found = flagOfField.find(([name]) => field.startsWith(name))?.[1];
  return found === undefined ? toTypedEffect(step.id, field, flags, steps) : { text: found };
}

function toTypedModel(field: string, { remoteModel }: PipelineFlags): string {
  const parameter = /^parameters\.(\w+)$/.exec(field)?.[1];
  const name = remoteModel === undefined ? "" : ` ${remoteModel.name}`;
  return `--remote-model${name}${parameter === undefined ? "" : `:${parameter}`}`;
}

function toTypedEffect(id: string, field: string, flags: PipelineFlags, steps: Pipeline["steps"]): Typed | undefined {
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

/** Suggests the nearest parameter for the first setting that the effect does not have. */
function toParameterHint({ name, settings }: EffectText, catalogue: readonly EffectDescription[]): string {
  const known = catalogue.find((effect) => effect.name === name)?.parameters.map((parameter) => parameter.name) ?? [];
  const wrong = Object.keys(settings).find((setting) => !known.includes(setting));
  return wrong === undefined ? "" : didYouMean(wrong, known);
}

function findUnknownEffect(flags: PipelineFlags, catalogue: readonly EffectDescription[]): string | undefined {
  const isUnknown = ({ name }: EffectText) => catalogue.every((effect) => effect.name !== name);
  const effect = flags.effects.find(isUnknown);
  if (effect !== undefined) return `--effect ${effect.name}`;
  const variant = flags.variants.find(({ effects }) => effects.some(isUnknown));
  return variant && `--variant ${variant.name}=${variant.effects.find(isUnknown)?.name}`;
}
