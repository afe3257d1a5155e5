import type { Metadata, ServerInterceptor } from "@grpc/grpc-js";

/** Metadata key for the time that the call may take, in ms. Only this process sets it; a caller's value is removed. */
export const remainingKey = "x-pixelmesh-remaining-ms";

/** Key of earlier releases: an absolute time by the caller's clock, which is ignored. */
const formerKey = "x-pixelmesh-deadline-unix-ms";

type InnermostCall = Parameters<ServerInterceptor>[1];

/**
 * Puts the caller's `grpc-timeout` into the metadata of this innermost call: grpc-js removes the header from what handlers see. It is a
 * remaining time, so the clocks of caller and server need not agree.
 */
export function passRemainingTime(call: InnermostCall): void {
  const { metadata } = call as unknown as { readonly metadata: Metadata };
  const remainingMs = Number(call.getDeadline()) - Date.now();
  metadata.remove(formerKey);
  metadata.remove(remainingKey);
  if (Number.isFinite(remainingMs)) metadata.set(remainingKey, String(Math.max(0, Math.round(remainingMs))));
}
