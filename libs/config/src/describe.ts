import { maskSecretValue } from "@pixelmesh/errors";
import type { Env } from "./env.ts";
import type { Fields } from "./field.ts";

/** One setting with its current value, for `pixelmesh config`. */
export type ConfigLine = {
  readonly variable: string;
  readonly value: string;
  readonly origin: "default" | "environment" | "missing";
  readonly form: string;
  readonly doc: string;
};

/** Describes every setting: its value as text, in the largest whole unit, and its origin. Secrets are masked, also inside addresses. */
export function describeConfig(fields: Fields, env: Env): ConfigLine[] {
  return Object.values(fields).map(({ variable, defaultText, form, doc, secret, normalize }) => {
    const given = env[variable] || undefined;
    const text = given ?? defaultText;
    const origin = given !== undefined ? "environment" : text === undefined ? "missing" : "default";
    const shown = text === undefined || normalize === undefined ? text : normalize(text);
    return { variable, value: secret && text ? "********" : maskSecretValue(shown ?? ""), origin, form, doc };
  });
}
