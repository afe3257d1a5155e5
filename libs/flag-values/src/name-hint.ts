import type { Reason } from "@pixelmesh/errors";
import { colorNames } from "./css-colors.ts";
import { didYouMean } from "./nearest.ts";

/** Why a request failed. */
export type Failure = { readonly reason: string; readonly message: string };

/** The parts of a failure that a hint uses. */
export type HintSource = {
  readonly reason: Reason;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
};

/** Returns ". Did you mean `name`?" for a failure that quotes an unknown name or value and lists the known ones; otherwise an empty text. */
export function toNameHint({ reason, message, metadata = {} }: HintSource): string {
  switch (reason) {
    case "UNKNOWN_MODEL":
    case "UNKNOWN_EFFECT":
    case "UNKNOWN_FEATURE":
      return didYouMean(firstQuoted(message), knownOf(message, metadata));
    case "INVALID_ARGUMENT":
      return toValueHint(message);
    default:
      return "";
  }
}

/** Returns the first text between backquotes; empty without one. */
export function firstQuoted(message: string): string {
  return /`([^`]+)`/.exec(message)?.[1] ?? "";
}

/** Suggests the nearest word that the field takes, or the nearest colour. */
function toValueHint(message: string): string {
  const [, words, got = ""] = /to be one of ([^`]+), got `([^`]+)`$/.exec(message) ?? [];
  if (words !== undefined) return didYouMean(got, words.split(", "));
  const color = /to be a colour .*, got `(\w+)`$/.exec(message)?.[1];
  return color === undefined ? "" : didYouMean(color, colorNames);
}

function knownOf(message: string, metadata: Readonly<Record<string, string>>): string[] {
  const text = metadata.known ?? /known(?: are)?: (.*)$/.exec(message)?.[1] ?? "";
  return text.split(",").map((name) => name.trim());
}
