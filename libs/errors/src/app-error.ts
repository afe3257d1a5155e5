import type { Reason } from "./reason-row.ts";

/** One wrong field: its path in the request, and for people what is wrong with it. */
export type FieldViolation = { readonly field: string; readonly description: string };

/** What an AppError holds besides its reason and text. */
export type AppErrorOptions = {
  /** Short machine-readable facts, such as the known names. Never user text or secrets. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Time after which a repeat may help, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly fields?: readonly FieldViolation[];
  /** Logged once by the service that reports the failure, never sent. */
  readonly cause?: unknown;
};

/** A failure with a reason from the closed list and a text that may be shown to the caller. Independent of gRPC. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  readonly fields: readonly FieldViolation[];

  constructor(reason: Reason, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.metadata = options.metadata ?? {};
    this.retryAfterMs = options.retryAfterMs;
    this.fields = options.fields ?? [];
  }
}
