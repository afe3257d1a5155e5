import { AppError, maskSecrets } from "@pixelmesh/errors";
import { FetchError } from "@pixelmesh/guarded-fetch";

/** Facts of a failure besides its text. */
export type FailureFacts = {
  /** Whether a failed call to start cannot have created a prediction. */
  readonly notCreated?: boolean;
  /** Whether the prediction has ended. */
  readonly hasEnded?: boolean;
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
};

type FailureReason = "PROVIDER_FAILED" | "PROVIDER_BUSY" | "PROVIDER_REFUSED" | "PROVIDER_NOT_CONFIGURED";

const maxShown = 300;

/** Returns the error of a provider: "The provider `NAME` …". */
export function providerFailure(reason: FailureReason, name: string, text: string, facts: FailureFacts = {}): AppError {
  const { notCreated = false, hasEnded = false, status, retryAfterMs, cause } = facts;
  return new AppError(reason, `The provider \`${name}\` ${text}`, {
    metadata: {
      provider: name,
      ...(notCreated ? { created: "no" } : {}),
      ...(hasEnded ? { prediction: "ended" } : {}),
      ...(status === undefined ? {} : { status: String(status) }),
    },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    cause,
  });
}

/** Converts a failed request to the error of its provider. Errors with a reason stay as they are, but for the note that nothing was created. */
export function toProviderFailure(name: string, error: unknown): unknown {
  if (error instanceof FetchError)
    return providerFailure("PROVIDER_FAILED", name, `failed: ${error.message}`, {
      notCreated: error.neverSent,
      cause: error,
    });
  if (!(error instanceof AppError) || error.reason !== "URL_NOT_ALLOWED") return error;
  return new AppError(error.reason, `The provider \`${name}\` cannot be called. ${error.message}`, {
    metadata: { provider: name, created: "no" },
    cause: error,
  });
}

/**
 * Prepares a text of a provider for people: white space joined, control characters escaped, secrets of addresses and `token` masked, at most 300 characters.
 */
export function toShownText(text: string, token?: string): string {
  const head = text.slice(0, 8 * maxShown);
  const masked = maskSecrets(token ? head.replaceAll(token, "********") : head);
  const plain = masked
    .replace(/\s+/g, " ")
    .trim()
    .replace(
      /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu,
      (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
    );
  return plain.length > maxShown ? `${plain.slice(0, maxShown - 1)}…` : plain;
}

/** The text of an error in an answer: `detail`, `error.message`, `error`, `message`, or a list of these; else undefined. */
export function findErrorText(value: unknown, depth = 0): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (typeof value !== "object" || value === null || depth > 3) return undefined;
  if (Array.isArray(value)) {
    const texts = value.slice(0, 4).flatMap((each) => findErrorText(each, depth + 1) ?? []);
    return texts.length > 0 ? texts.join("; ") : undefined;
  }
  for (const key of ["detail", "error", "message", "msg", "text", "title"]) {
    const found = Object.hasOwn(value, key)
      ? findErrorText((value as Record<string, unknown>)[key], depth + 1)
      : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the text of a failed prediction says that the input is at fault: another try would fail again. */
export function blamesInput(text: string): boolean {
  return /\b(nsfw|safety|sensitive|flagged|moderation|content[ _]policy|invalid (?:input|image|picture)|cannot identify image|E005)\b/i.test(
    text,
  );
}
