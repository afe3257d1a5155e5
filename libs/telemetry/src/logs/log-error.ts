import { maskSecrets } from "@pixelmesh/errors";

/** An error as it is logged. */
export type LoggedError = {
  readonly type: string;
  readonly message: string;
  readonly reason?: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: LoggedError;
};

const maxCauses = 4;
const maxLength = 2_000;

/**
 * Converts an error for the log: type, reason, message, stack and causes, with secrets in addresses masked. Errors with a reason
 * and gRPC statuses quote user input in backticks, so quoted parts are removed. The whole message is removed if the error names
 * request fields or carries metadata for the caller. Other properties (fields, metadata, details) may repeat user input and are
 * never logged.
 */
export function toLoggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error))
    return { type: typeof error, message: maskSecrets(withoutQuotes(String(error))).slice(0, maxLength) };
  const { reason, code } = error as { reason?: unknown; code?: unknown };
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    message: maskSecrets(toSafeText(error)).slice(0, maxLength),
    ...(typeof reason === "string" ? { reason } : {}),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(frames.length > 0 ? { stack: frames.join("\n").slice(0, maxLength) } : {}),
    ...(error.cause !== undefined && depth < maxCauses ? { cause: toLoggedError(error.cause, depth + 1) } : {}),
  };
}

function toSafeText(error: Error): string {
  type Facts = { reason?: unknown; fields?: object; metadata?: object; details?: unknown };
  const { reason, fields = {}, metadata = {}, details } = error as Facts;
  if (typeof reason === "string" && Object.keys({ ...fields, ...metadata }).length > 0) return "";
  return typeof reason === "string" || typeof details === "string" ? withoutQuotes(error.message) : error.message;
}

function withoutQuotes(text: string): string {
  return text.replace(/`[^`]*`?/g, "`…`");
}
