import type { Metadata, ServerInterceptor } from "@grpc/grpc-js";

/** Metadata key for the call's deadline in Unix ms by the clock of this process. Only this process sets it; a caller's value is removed. */
export const deadlineKey = "x-pixelmesh-deadline-unix-ms";

type InnermostCall = Parameters<ServerInterceptor>[1];

/**
 * Puts the deadline that follows from the caller's `grpc-timeout` into the metadata of this innermost call: grpc-js removes the header from
 * what handlers see. The header is a remaining time, so the clocks of caller and server need not agree. The deadline is a time of day, so
 * that it includes the time for which the call waits before its handler starts.
 */
export function passRemainingTime(call: InnermostCall): void {
  const { metadata } = call as unknown as { readonly metadata: Metadata };
  const deadlineUnixMs = Number(call.getDeadline());
  metadata.remove(deadlineKey);
  if (Number.isFinite(deadlineUnixMs)) metadata.set(deadlineKey, String(Math.round(deadlineUnixMs)));
}
