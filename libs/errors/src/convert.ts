import { AppError } from "./app-error.ts";

/** Whether an AbortSignal caused the failure. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}

/**
 * Converts any failure to an AppError. An AppError is returned as it is. An abort becomes CANCELLED or DEADLINE_EXCEEDED. Any
 * other failure becomes INTERNAL with a fixed text, and the failure as its cause.
 */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isAbort(error)) {
    const inner = (error as Error).cause;
    if (inner instanceof AppError) return inner;
    return (error as Error).name === "TimeoutError"
      ? new AppError("DEADLINE_EXCEEDED", "The deadline passed before the work was done", { cause: error })
      : new AppError("CANCELLED", "The work was cancelled", { cause: error });
  }
  return new AppError("INTERNAL", "Internal error; the log of the service has the cause", { cause: error });
}
