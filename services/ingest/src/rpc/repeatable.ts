import { waitForBroker } from "@pixelmesh/bus";
import type { CallContext } from "@pixelmesh/rpc";
import type { Logger } from "@pixelmesh/telemetry";

/** How long a call waits for a broker that is away, in milliseconds; a restarted one is back within 2 s. */
export const brokerPatienceMs = 5_000;

/** A handler that is safe to repeat: repeated within its call while the broker is away, for at most 5 s. */
export function repeatable<Request, Response>(
  log: Logger,
  handler: (request: Request) => Promise<Response>,
): (request: Request, context: CallContext) => Promise<Response> {
  return (request, { signal }) => waitForBroker(log, () => handler(request), brokerPatienceMs, signal);
}
