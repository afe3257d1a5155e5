import { waitForBroker } from "@pixelmesh/bus";
import type { CallContext } from "@pixelmesh/rpc";
import type { Logger } from "@pixelmesh/telemetry";

/** How long a call waits for an unavailable broker, in milliseconds. A restarted broker is back within 2 s. */
export const brokerTimeoutMs = 5_000;

/** Wraps an idempotent handler: retries it within its call while the broker is unavailable, for at most 5 s. */
export function repeatable<Request, Response>(
  log: Logger,
  handler: (request: Request) => Promise<Response>,
): (request: Request, context: CallContext) => Promise<Response> {
  return (request, { signal }) => waitForBroker(log, () => handler(request), brokerTimeoutMs, signal);
}
