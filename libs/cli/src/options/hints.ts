import type { Reason } from "@pixelmesh/errors";
import type { Failure } from "../run/document.ts";
import { colorNames } from "./css-colors.ts";
import { didYouMean } from "./nearest.ts";

/** The parts of a failure that hints use. */
type HintSource = {
  readonly reason: Reason;
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
};

/** Adds advice for a caller at a command line to the text of a failure. */
export function withHint({ reason, message, metadata = {} }: HintSource): Failure {
  return { reason, message: `${message}${toHint(reason, message, metadata)}` };
}

function toHint(reason: Reason, message: string, metadata: Readonly<Record<string, string>>): string {
  switch (reason) {
    case "UNAUTHENTICATED":
      return ". Set PIXELMESH_API_TOKEN to a token of this mesh";
    case "BATCH_NOT_FOUND":
      return ". `pixelmesh batches list` shows those of the tenant";
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

/** Suggests the nearest word that the field takes, or the nearest colour. */
function toValueHint(message: string): string {
  const [, words, got = ""] = /to be one of ([^`]+), got `([^`]+)`$/.exec(message) ?? [];
  if (words !== undefined) return didYouMean(got, words.split(", "));
  const color = /to be a colour .*, got `(\w+)`$/.exec(message)?.[1];
  return color === undefined ? "" : didYouMean(color, colorNames);
}

function toPullHint(message: string, model = firstQuoted(message)): string {
  // `models pull` also fails with this reason, and its text already gives advice.
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
