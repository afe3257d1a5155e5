import type { CallLogFields, Logger, Metrics } from "@pixelmesh/telemetry";
import { Status } from "nice-grpc-common";
import { createCallDurations } from "../../calls/call-durations.ts";

/** Counts and logs one call that has ended. */
export type CallObserver = (path: string, code: Status, startMs: number, logFields: CallLogFields) => void;

/**
 * Creates a function that counts a call and logs one line for it: method, status, duration since `startMs` (on `performance.now()`), reason of a
 * failure, job and step. Health checks are counted, not logged.
 */
export function createCallObserver(log: Logger, metrics: Metrics): CallObserver {
  const observeDuration = createCallDurations(metrics, "rpc_server_call_duration_seconds");
  return (path, code, startMs, logFields) => {
    const seconds = (performance.now() - startMs) / 1000;
    observeDuration(path, code, seconds);
    if (path.startsWith("/grpc.health.")) return;
    const ms = Math.round(seconds * 1e4) / 10;
    log.info({ method: path.slice(1), status: Status[code] ?? "UNKNOWN", ms, ...logFields }, "call");
  };
}
