import { setTimeout as sleep } from "node:timers/promises";
import { JetStreamApiError } from "@nats-io/jetstream";
import { AppError } from "@pixelmesh/errors";
import type { Logger } from "@pixelmesh/telemetry";
import { toBrokerError } from "./broker-error.ts";

const retryMs = 250;
const warnEveryMs = 10_000;

/**
 * Codes of the JetStream API that are transient although their status is not 503: 10005, no suitable peers; 10047, no storage
 * left; 10065, subjects overlap, also returned while another process creates the same stream.
 */
const transientCodes: ReadonlySet<number> = new Set([10005, 10047, 10065]);

/**
 * Retries `act` every 250 ms until it succeeds. `act` must be idempotent. Without `timeoutMs` it retries without limit and logs a
 * warning every 10 s; a starting process waits this way. Throws permanent failures at once, such as a setting that the broker refuses.
 * Throws the last failure as BROKER_UNAVAILABLE after `timeoutMs` or when `signal` is aborted.
 */
export async function waitForBroker<T>(
  log: Logger,
  act: () => Promise<T>,
  timeoutMs = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): Promise<T> {
  const startMs = performance.now();
  let warnMs = startMs;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      const nowMs = performance.now();
      if (error instanceof AppError && error.reason !== "BROKER_UNAVAILABLE") throw error;
      if (!isTransient(error) || nowMs - startMs > timeoutMs || signal?.aborted) throw toBrokerError(error);
      if (nowMs >= warnMs && timeoutMs === Number.POSITIVE_INFINITY) {
        warnMs = nowMs + warnEveryMs;
        const why = error instanceof Error ? error.message : String(error);
        log.warn({ why, waitedMs: Math.round(nowMs - startMs) }, "the broker does not answer yet; retrying");
      }
      await sleep(retryMs, undefined, { signal }).catch(() => {});
    }
  }
}

function isTransient(error: unknown): boolean {
  if (error instanceof AppError) return true;
  if (error instanceof JetStreamApiError) return error.status === 503 || transientCodes.has(error.code);
  // Other errors come from the client: a timeout, no responders, a lost connection.
  return error instanceof Error && !(error instanceof TypeError);
}
