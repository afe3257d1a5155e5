import { parseDuration } from "@pixelmesh/config";
import { maskSecretValue } from "@pixelmesh/errors";
import { didYouMean } from "@pixelmesh/flag-values";
import { z } from "zod";
import { looksLikeSecret, namesSecret } from "./secret-text.ts";

/** Returns "Expected FORM, got VALUE". A value that looks like a secret is not shown, another one is cut at 64 characters. */
export function wrong(form: string, got: unknown): string {
  if (got === undefined) return `Expected ${form}, got nothing`;
  const text = typeof got === "string" ? got : (JSON.stringify(got) ?? String(got));
  if (looksLikeSecret(text)) return `Expected ${form}, got a value that looks like a secret`;
  const shown = maskSecretValue(text);
  return `Expected ${form}, got \`${shown.length > 64 ? `${shown.slice(0, 63)}…` : shown}\``;
}

const fail =
  (form: string) =>
  ({ input }: { readonly input?: unknown }) =>
    wrong(form, input);

/** A text that a pattern matches. */
export const text = (form: string, pattern: RegExp) =>
  z.custom<string>((value) => typeof value === "string" && pattern.test(value), { error: fail(form) });

/** Any text up to a length in characters. */
export const note = (maxLength: number, leastLength = 0) =>
  z.custom<string>((value) => typeof value === "string" && value.length >= leastLength && value.length <= maxLength, {
    error: fail(
      leastLength === 0
        ? `a text of at most ${maxLength} characters`
        : `a text of ${leastLength} to ${maxLength} characters`,
    ),
  });

/** A finite number within bounds, inclusive. */
export const number = (least: number, most: number, form = `a number from ${least} to ${most}`) =>
  z.custom<number>((value) => typeof value === "number" && value >= least && value <= most, { error: fail(form) });

/** An integer within bounds, inclusive. */
export const integer = (least: number, most: number) =>
  z.custom<number>((value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most, {
    error: fail(`an integer from ${least} to ${most}`),
  });

/** One of some words. */
export const choice = <const W extends readonly string[]>(...words: W) =>
  z.custom<W[number]>((value) => words.includes(value as string), {
    error: ({ input }) =>
      `${wrong(`one of ${words.join(", ")}`, input)}${typeof input === "string" ? didYouMean(input, words) : ""}`,
  });

/** A duration such as `30s` within bounds, in milliseconds. */
export const duration = (leastMs: number, mostMs: number, form: string) =>
  z
    .custom<string>(
      (value) => {
        const ms = typeof value === "string" ? parseDuration(value) : undefined;
        return ms !== undefined && ms >= leastMs && ms <= mostMs;
      },
      { error: fail(form) },
    )
    .transform((value) => parseDuration(value) ?? 0);

/** A list of at most so many elements. */
export const list = <T extends z.ZodType>(element: T, most: number, form: string) =>
  z.array(element, { error: fail(form) }).max(most, { error: () => `Expected ${form}, got more` });

/** An object of these fields. Unknown ones are refused with the nearest known name, and with a hint where they hold credentials. */
export function object<S extends z.core.$ZodLooseShape>(shape: S) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys") return wrong("an object", issue.input);
      const [key = ""] = issue.keys as string[];
      if (namesSecret(key))
        return `Expected no credentials in this file, got the key \`${key}\`: put the secret in a file of its own, and name that file in \`tokenFile\` of the provider`;
      return `Expected only the keys ${known.join(", ")}, got \`${key}\`${didYouMean(key, known)}`;
    },
  });
}

/** An object whose keys match a pattern. */
export const mapOf = <T extends z.ZodType>(keyForm: string, pattern: RegExp, value: T) =>
  z.record(text(keyForm, pattern), value, {
    error: ({ input, code }) =>
      code === "invalid_key" ? `Expected keys that are ${keyForm}` : wrong("an object", input),
  });
