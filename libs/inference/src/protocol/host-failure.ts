import type { Reason } from "@pixelmesh/errors";

/** A failure with its reason inside the host process. The service receives it as a `failed` response. */
export class HostFailure extends Error {
  override readonly name = "HostFailure";
  readonly reason: Reason;
  /** The error text of the runtime, for the log. */
  readonly detail: string;
  readonly poisoned: boolean;

  constructor(reason: Reason, message: string, options: { detail?: string; poisoned?: boolean } = {}) {
    super(message);
    this.reason = reason;
    this.detail = options.detail ?? "";
    this.poisoned = options.poisoned ?? false;
  }
}

/** Returns the text of any thrown value. */
export function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error text of the runtime reports a lack of memory. ONNX Runtime has no error code for it. */
export function saysOutOfMemory(detail: string): boolean {
  return /out of memory|bad_alloc|failed to allocate|allocation failed|OUT_OF_DEVICE_MEMORY/i.test(detail);
}
