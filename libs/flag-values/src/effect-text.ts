import { wrongFlag } from "./usage-error.ts";

/** An effect as it was typed. Its settings are text, because the catalogue decides their types. */
export type EffectText = { readonly name: string; readonly settings: Readonly<Record<string, string>> };

/** Another output: a chain of effects on the result of the other flags. */
export type Variant = { readonly name: string; readonly effects: readonly EffectText[] };

const namePattern = /^[a-z][a-z0-9_]*$/;
/** Names of a hosted model's settings are those of its provider. */
const hostedKeyPattern = /^[A-Za-z][A-Za-z0-9_]*$/;
const presetPattern = /^preset:[a-z][a-z0-9_]*$/;
const outputPattern = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** Reads `NAME`, `NAME:key=value,key=value` or `preset:NAME`; `\,` is a comma in a value. Throws UsageError, naming `flag`. */
export function parseEffectText(text: string, flag = "--effect"): EffectText {
  if (presetPattern.test(text)) return { name: text, settings: Object.create(null) };
  return parseNamed(text, flag, namePattern, "NAME, NAME:key=value,… or preset:NAME");
}

/** A feature as it was typed; version 0 is the newest. */
export type FeatureText = EffectText & { readonly version: number };

/** Reads `NAME` or `NAME@VERSION`, with `:key=value,…` as for an effect. Throws UsageError. */
export function parseFeatureText(text: string): FeatureText {
  const form = "NAME, NAME@VERSION or NAME:key=value,…";
  const { name: typed, settings } = parseNamed(text, "--feature", /^[a-z][a-z0-9_]*(@[1-9]\d{0,8})?$/, form);
  const [name = "", version = "0"] = typed.split("@");
  return { name, version: Number(version), settings };
}

/** Reads the name of a hosted model, with `:key=value,…` as for an effect. Throws UsageError. */
export function parseRemoteModelText(text: string): EffectText {
  return parseNamed(
    text,
    "--remote-model",
    /^[a-z0-9][a-z0-9._-]{0,63}$/,
    "NAME or NAME:key=value,…",
    hostedKeyPattern,
  );
}

function parseNamed(text: string, flag: string, ofName: RegExp, form: string, ofKey = namePattern): EffectText {
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  // Without a prototype, so that every name of a setting is an ordinary key.
  const settings: Record<string, string> = Object.create(null);
  const refuse = () => wrongFlag(flag, form, text);
  if (!ofName.test(name)) throw refuse();
  for (const pair of colon < 0 ? [] : text.slice(colon + 1).split(/(?<!\\),/)) {
    const [key, ...value] = pair.split("=");
    if (key === undefined || !ofKey.test(key) || value.length === 0) throw refuse();
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
