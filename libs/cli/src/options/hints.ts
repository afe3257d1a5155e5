import type { Reason } from "@pixelmesh/errors";
import type { Failure } from "../run/document.ts";
import { colorNames } from "./css-colors.ts";
import { didYouMean } from "./nearest.ts";

/** What a failure says, as far as hints need it. */
type Told = {
  readonly reason: Reason;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
};

/** A failure with what a caller at a command line can do about it, in its text. */
export function withHint({ reason, message, metadata = {} }: Told): Failure {
  return { reason, message: `${message}${toHint(reason, message, metadata)}` };
}

function toHint(reason: Reason, message: string, metadata: Readonly<Record<string, string>>): string {
  switch (reason) {
    case "UNAUTHENTICATED":
      return ". Set PIXELMESH_API_TOKEN to a token of this mesh";
    case "MODEL_UNAVAILABLE":
      return toPullHint(message, metadata.model);
    case "UNKNOWN_MODEL":
    case "UNKNOWN_EFFECT":
      return didYouMean(firstQuoted(message), knownOf(message, metadata));
    case "INVALID_ARGUMENT":
      return toValueHint(message);
    default:
      return "";
  }
}

/** The nearest of the words that a field takes, or of the colours. */
function toValueHint(message: string): string {
  const [, words, got = ""] = /to be one of ([^`]+), got `([^`]+)`$/.exec(message) ?? [];
  if (words !== undefined) return didYouMean(got, words.split(", "));
  const color = /to be a colour .*, got `(\w+)`$/.exec(message)?.[1];
  return color === undefined ? "" : didYouMean(color, colorNames);
}

function toPullHint(message: string, model = firstQuoted(message)): string {
  // `models pull` itself fails with this reason too, and says what it needs.
  if (model === "" || /models pull|--from/.test(message)) return "";
  return `. Bring it here with \`pixelmesh models pull ${model}\`, or see \`pixelmesh models list\``;
}

function knownOf(message: string, metadata: Readonly<Record<string, string>>): string[] {
  const text = metadata.known ?? /known(?: are)?: (.*)$/.exec(message)?.[1] ?? "";
  return text.split(",").map((name) => name.trim());
}

function firstQuoted(message: string): string {
  return /`([^`]+)`/.exec(message)?.[1] ?? "";
}
