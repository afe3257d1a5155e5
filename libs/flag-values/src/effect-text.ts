import { wrongFlag } from "./usage-error.ts";

/** An effect as it was typed. Its settings are text, because the catalogue decides their types. */
export type EffectText = { readonly name: string; readonly settings: Readonly<Record<string, string>> };

/** Another output: a chain of effects on the result of the other flags. */
export type Variant = { readonly name: string; readonly effects: readonly EffectText[] };

const namePattern = /^[a-z][a-z0-9_]*$/;
const presetPattern = /^preset:[a-z][a-z0-9_]*$/;
const outputPattern = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** Reads `NAME`, `NAME:key=value,key=value` or `preset:NAME`; `\,` is a comma in a value. Throws UsageError, naming `flag`. */
export function parseEffectText(text: string, flag = "--effect"): EffectText {
  if (presetPattern.test(text)) return { name: text, settings: Object.create(null) };
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  // Without a prototype, so that every name of a setting is an ordinary key.
  const settings: Record<string, string> = Object.create(null);
  const refuse = () => wrongFlag(flag, "NAME, NAME:key=value,… or preset:NAME", text);
  if (!namePattern.test(name)) throw refuse();
  for (const pair of colon < 0 ? [] : text.slice(colon + 1).split(/(?<!\\),/)) {
    const [key, ...value] = pair.split("=");
    if (key === undefined || !namePattern.test(key) || value.length === 0) throw refuse();
    if (Object.hasOwn(settings, key)) throw wrongFlag(flag, `given each setting once (${key})`, text);
    settings[key] = value.join("=").replaceAll("\\,", ",").trim();
  }
  return { name, settings };
}

/** Reads `NAME=EFFECT+EFFECT…`, each effect as for `--effect`. Throws UsageError. */
export function parseVariant(text: string): Variant {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals));
  if (!outputPattern.test(name)) {
    throw wrongFlag("--variant", "NAME=EFFECT+EFFECT, the name of a-z, 0-9, _ and -, at most 32", text);
  }
  return {
    name,
    effects: text
      .slice(equals + 1)
      .split("+")
      .map((part) => parseEffectText(part, "--variant")),
  };
}
