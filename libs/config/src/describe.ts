import type { Fields } from "./field.ts";

/** One setting as it stands: for `pixelmesh config`. */
export type ConfigLine = {
  readonly variable: string;
  readonly value: string;
  readonly origin: "default" | "environment" | "missing";
  readonly form: string;
  readonly doc: string;
};

/** Every setting with its text value and where that came from. Secrets are masked. */
export function describeConfig(fields: Fields, env: Readonly<Record<string, string | undefined>>): ConfigLine[] {
  return Object.values(fields).map(({ variable, defaultText, form, doc, secret }) => {
    const given = env[variable] || undefined;
    const text = given ?? defaultText;
    const origin = given !== undefined ? "environment" : text === undefined ? "missing" : "default";
    return { variable, value: secret && text ? "********" : (text ?? ""), origin, form, doc };
  });
}
