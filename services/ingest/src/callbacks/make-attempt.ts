import { publishDeadLetter, waitForBroker } from "@pixelmesh/bus";
import { toAppError } from "@pixelmesh/errors";
import { FetchError, type PostAnswer } from "@pixelmesh/guarded-fetch";
import { CallbackEntry, CallbackState } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { type AttemptResult, afterAttempt } from "../domain/callback-schedule.ts";
import type { CallbackHeaders } from "../domain/sign-callback.ts";
import type { CallbackKey, CallbackStore, StoredCallback } from "./callback-store.ts";

/** Sends a callback to its receiver. Throws FetchError, URL_NOT_ALLOWED, and the signal's reason. */
export type SendCallback = (entry: CallbackEntry, signal: AbortSignal) => Promise<PostAnswer>;

/** Signs the body of a callback at a time. */
export type SignCallback = (id: string, body: Uint8Array, nowUnixMs: number) => CallbackHeaders;

/** The time and the chance of callbacks. */
export type CallbackClock = {
  nowUnixMs(): number;
  /** A random number from 0 to 1. */
  random(): number;
};

/** Dependencies of `makeAttempt`. */
export type AttemptParts = {
  readonly base: Pick<ServiceBase, "bus" | "log" | "metrics">;
  readonly callbacks: Pick<CallbackStore, "find" | "update">;
  readonly send: SendCallback;
  readonly clock: CallbackClock;
  /** Pauses after the failed attempts, in milliseconds. */
  readonly retryAfterMs: readonly number[];
};

const brokerTimeoutMs = 10_000;

/** The callback after an attempt; `gone` if it has no entry; `changed` if another writer changed it meanwhile. */
export type AttemptEnd = StoredCallback | "gone" | "changed";

/**
 * Makes one attempt of a callback, if it is pending, and stores how it ended. A failed last attempt becomes a dead letter first, so that none is lost if
 * this process dies in between. Throws BROKER_UNAVAILABLE; the attempt must then be made again.
 */
export async function makeAttempt(parts: AttemptParts, key: CallbackKey, signal: AbortSignal): Promise<AttemptEnd> {
  const { base, callbacks, clock, retryAfterMs } = parts;
  const { log, metrics } = base;
  const found = await waitForBroker(log, () => callbacks.find(key), brokerTimeoutMs, signal);
  if (!found) return "gone";
  if (found.entry.state !== CallbackState.PENDING) return found;
  const result = await trySend(parts.send, found.entry, signal);
  const times = { nowUnixMs: clock.nowUnixMs(), random: clock.random(), retryAfterMs };
  const { entry, outcome } = afterAttempt(found.entry, result, times);
  if (entry.state === CallbackState.FAILED)
    await waitForBroker(log, () => publishFailure(parts, entry), brokerTimeoutMs, signal);
  const revision = await waitForBroker(log, () => callbacks.update(entry, found.revision), brokerTimeoutMs, signal);
  metrics.count("pixelmesh_callback_attempts_total", { outcome });
  const { jobId, attempts, lastStatus: status, lastError: why } = entry;
  if (outcome === "delivered") log.info({ jobId, attempts, status }, "callback delivered");
  else log.warn({ jobId, attempts, status, why, nextUnixMs: entry.nextAttemptUnixMs }, `callback ${outcome}`);
  return revision === undefined ? "changed" : { entry, revision };
}

async function trySend(send: SendCallback, entry: CallbackEntry, signal: AbortSignal): Promise<AttemptResult> {
  try {
    return { ...(await send(entry, signal)), failure: "" };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FetchError) return { status: 0, failure: error.message };
    const { reason, message } = toAppError(error);
    if (reason !== "URL_NOT_ALLOWED" && reason !== "INVALID_ARGUMENT") throw error;
    return { status: 0, failure: message };
  }
}

async function publishFailure({ base }: Pick<AttemptParts, "base">, entry: CallbackEntry): Promise<void> {
  const { jobId, tenant, traceparent, queuedUnixMs } = entry;
  await publishDeadLetter(base.bus, {
    subject: `callbacks.${tenant}.${jobId}`,
    payload: CallbackEntry.encode(entry).finish(),
    reason: "CALLBACK_FAILED",
    traceparent,
    tenant,
    messageId: `callback:${jobId}:${queuedUnixMs}`,
  });
}
