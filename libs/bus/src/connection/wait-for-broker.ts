import { setTimeout as sleep } from "node:timers/promises";
import { JetStreamApiError } from "@nats-io/jetstream";
import { AppError } from "@pixelmesh/errors";
import type { Logger } from "@pixelmesh/telemetry";
import { toBrokerError } from "./broker-error.ts";

const retryMs = 250;
const warnEveryMs = 10_000;

/**
 * Codes of the JetStream API that pass by themselves although their status is not 503: 10005, no suitable peers; 10047, no storage
 * left; 10065, subjects overlap, which a broker also says while another process makes the same stream.
 */
const passing: ReadonlySet<number> = new Set([10005, 10047, 10065]);

/**
 * Repeats `act` every 250 ms until the broker answers, for at most `patienceMs`; `act` must be safe to repeat. Without a bound,
 * for what a process needs before it can serve, it logs a warning every 10 s. Throws at once what waiting cannot mend, such as a
 * setting that the broker refuses; after `patienceMs`, or when `signal` is aborted, the last failure, as BROKER_UNAVAILABLE.
 */
export async function waitForBroker<T>(
  log: Logger,
  act: () => Promise<T>,
  patienceMs = Number.POSITIVE_INFINITY,
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
      if (!isPassing(error) || nowMs - startMs > patienceMs || signal?.aborted) throw toBrokerError(error);
      if (nowMs >= warnMs && patienceMs === Number.POSITIVE_INFINITY) {
        warnMs = nowMs + warnEveryMs;
        const why = error instanceof Error ? error.message : String(error);
        log.warn({ why, waitedMs: Math.round(nowMs - startMs) }, "the broker does not answer yet; tried again");
      }
      await sleep(retryMs, undefined, { signal }).catch(() => {});
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof AppError) return true;
  if (error instanceof JetStreamApiError) return error.status === 503 || passing.has(error.code);
  // The client's own failures: timeouts, no responders, a lost connection.
  return error instanceof Error && !(error instanceof TypeError);
}
