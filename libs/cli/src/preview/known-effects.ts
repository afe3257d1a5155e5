import type { EffectDescription } from "@pixelmesh/client";
import { AppError } from "@pixelmesh/errors";
import { didYouMean, type EffectText } from "@pixelmesh/flag-values";

/** Returns an effect of the catalogue. Throws UNKNOWN_EFFECT with the known names, from which a hint names the nearest. */
export function findEffect(catalogue: readonly EffectDescription[], name: string): EffectDescription {
  const found = catalogue.find((effect) => effect.name === name);
  if (found !== undefined) return found;
  const known = catalogue.map((effect) => effect.name).join(", ");
  throw new AppError("UNKNOWN_EFFECT", `Unknown effect \`${name}\`; known: ${known}`);
}

/** Checks the names of effects and settings. Throws UNKNOWN_EFFECT, and INVALID_ARGUMENT that names the nearest setting. */
export function assertKnown(effects: readonly EffectText[], catalogue: readonly EffectDescription[]): void {
  for (const { name, settings } of effects) {
    const known = findEffect(catalogue, name).parameters.map((parameter) => parameter.name);
    const wrong = Object.keys(settings).find((setting) => !known.includes(setting));
    if (wrong === undefined) continue;
    const form = known.length === 0 ? "without settings" : `with settings of ${known.join(", ")}`;
    const hint = didYouMean(wrong, known);
    throw new AppError("INVALID_ARGUMENT", `Expected \`--effect ${name}\` ${form}, got \`${wrong}\`${hint}`);
  }
}

/** Rewrites a failure's text: it names the typed flags instead of fields of the request. */
export function withTypedEffects(message: string, effects: readonly EffectText[]): string {
  const path = /`operation\.effects(?:\[(\d+)\](?:\.parameters(?:\.(\w+))?)?)?`/g;
  return message.replace(path, (quoted, at, parameter) => {
    if (at === undefined) return "`--effect`";
    const name = effects[Number(at)]?.name;
    if (name === undefined) return quoted;
    return `\`--effect ${name}${parameter === undefined ? "" : `:${parameter}`}\``;
  });
}
