import { maskSecrets, maskSecretValue } from "@pixelmesh/errors";
import type { Env } from "./env.ts";
import type { Field, Fields } from "./field.ts";

/** The frozen values of a set of fields. */
export type ConfigOf<F extends Fields> = Readonly<{ [K in keyof F]: F[K] extends Field<infer T> ? T : never }>;

/** All mistakes in the environment, one line each, with variable, expected form and given text. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly mistakes: readonly string[];

  constructor(texts: readonly string[]) {
    const mistakes = texts.map(maskSecrets);
    super(`Configuration has ${mistakes.length} mistake(s):\n${mistakes.map((line) => `  ${line}`).join("\n")}`);
    this.mistakes = mistakes;
  }
}

/** Parses the fields from an environment. An empty variable counts as absent. Throws ConfigError with all mistakes. */
export function loadConfig<const F extends Fields>(fields: F, env: Env): ConfigOf<F> {
  const values: Record<string, unknown> = {};
  const mistakes: string[] = [];
  for (const [name, { variable, defaultText, form, parse, secret }] of Object.entries(fields)) {
    const text = env[variable] || defaultText;
    if (text === undefined) {
      mistakes.push(`Expected ${variable} to be ${form}, got nothing`);
      continue;
    }
    const value = parse(text);
    if (value !== undefined) values[name] = value;
    else
      mistakes.push(
        `Expected ${variable} to be ${form}, got ${secret ? "a value that is not shown" : `\`${maskSecretValue(text)}\``}`,
      );
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return Object.freeze(values) as ConfigOf<F>;
}
