import { maskSecretValue } from "@pixelmesh/errors";
import type { Env } from "./env.ts";
import type { Fields } from "./field.ts";

/** One setting as it stands: for `pixelmesh config`. */
export type ConfigLine = {
  readonly variable: string;
  readonly value: string;
  readonly origin: "default" | "environment" | "missing";
  readonly form: string;
  readonly doc: string;
};

/** Every setting with its text value, sizes and times in their largest whole unit, and where that came from. Secrets are masked, also in addresses. */
export function describeConfig(fields: Fields, env: Env): ConfigLine[] {
  return Object.values(fields).map(({ variable, defaultText, form, doc, secret, normalize }) => {
    const given = env[variable] || undefined;
    const text = given ?? defaultText;
    const origin = given !== undefined ? "environment" : text === undefined ? "missing" : "default";
    const shown = text === undefined || normalize === undefined ? text : normalize(text);
    return { variable, value: secret && text ? "********" : maskSecretValue(shown ?? ""), origin, form, doc };
  });
}
