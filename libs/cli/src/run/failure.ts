import { AppError, isAbort, maskSecrets, toAppError } from "@pixelmesh/errors";
import type { Failure } from "@pixelmesh/flag-values";
import { withSizes } from "../format/text.ts";
import { withHint } from "../options/hints.ts";

/** Converts any failure to a reason and a text. Files that cannot be read or written are INVALID_ARGUMENT. */
export function toFailure(error: unknown): Failure {
  if (error instanceof AppError || isAbort(error)) {
    return toPrinted(withHint(toAppError(error)));
  }
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (typeof code === "string" && typeof syscall === "string") {
    return { reason: "INVALID_ARGUMENT", message: `Expected a file that can be used, got ${message}` };
  }
  return toPrinted({ reason: "INTERNAL", message: message ?? String(error) });
}

function toPrinted({ reason, message }: Failure): Failure {
  return { reason, message: maskSecrets(withSizes(message)) };
}
