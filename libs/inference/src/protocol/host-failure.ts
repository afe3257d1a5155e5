import type { Reason } from "@pixelmesh/errors";

/** A failure with its reason, inside the host process; it crosses to the service as a `failed` message. */
export class HostFailure extends Error {
  override readonly name = "HostFailure";
  readonly reason: Reason;
  /** The runtime's own words, for the log. */
  readonly detail: string;
  readonly poisoned: boolean;

  constructor(reason: Reason, message: string, options: { detail?: string; poisoned?: boolean } = {}) {
    super(message);
    this.reason = reason;
    this.detail = options.detail ?? "";
    this.poisoned = options.poisoned ?? false;
  }
}

/** Text of anything thrown. */
export function toText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the runtime's words say that memory ran out: ONNX Runtime has no code for it. */
export function saysOutOfMemory(detail: string): boolean {
  return /out of memory|bad_alloc|failed to allocate|allocation failed|OUT_OF_DEVICE_MEMORY/i.test(detail);
}
