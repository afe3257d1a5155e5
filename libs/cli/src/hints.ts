import type { Reason } from "@pixelmesh/errors";
import { didYouMean } from "./nearest.ts";
import type { Failure } from "./run/document.ts";

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
    default:
      return "";
  }
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
