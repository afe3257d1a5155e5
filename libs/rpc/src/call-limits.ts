import { Metadata, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import type { Reason } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import { detailsKey, encodeDetails, statusOf } from "./errors.ts";

/** How many calls of a method (`/package.Service/Method`) may be open at once in this process. */
export type CallLimits = Readonly<Record<string, number>>;

const reason: Reason = "QUEUE_FULL";
const retryAfterMs = 1_000;

/** How many calls of bounded methods begin in one turn of the event loop: other calls are answered between the turns. */
const startsPerTurn = 32;

/**
 * Refuses calls beyond the bound of their method with QUEUE_FULL and RetryInfo. This happens before the call has a trace, a
 * handler or a line in the log, so that a flood of calls costs little. Calls that come together begin in small groups.
 */
export function createCallLimits(limits: CallLimits, metrics: Metrics): ServerInterceptor {
  const open = new Map<string, number>();
  const inTurn = createTurns();
  return ({ path }, call) => {
    const most = limits[path];
    if (most === undefined) return new ServerInterceptingCall(call);
    const now = open.get(path) ?? 0;
    if (now >= most) return refuse(path, most, call, metrics, inTurn);
    open.set(path, now + 1);
    let isOpen = true;
    const end = () => {
      if (isOpen) open.set(path, (open.get(path) ?? 1) - 1);
      isOpen = false;
    };
    return new ServerInterceptingCall(call, {
      start: (next) => inTurn(() => next({ onReceiveMetadata: (metadata, pass) => pass(metadata), onCancel: end })),
      sendStatus(status, next) {
        end();
        next(status);
      },
    });
  };
}

function refuse(
  path: string,
  most: number,
  call: ConstructorParameters<typeof ServerInterceptingCall>[0],
  metrics: Metrics,
  inTurn: (start: () => void) => void,
): ServerInterceptingCall {
  const method = path.slice(1);
  const details = `This process has ${most} open calls of ${method}, which is its bound; ask again later`;
  return new ServerInterceptingCall(call, {
    start() {
      metrics.count("pixelmesh_refused_requests_total", { rpc_method: method, reason });
      const metadata = new Metadata();
      metadata.set(detailsKey, Buffer.from(encodeDetails(reason, details, retryAfterMs)));
      inTurn(() => call.sendStatus({ code: statusOf(reason), details, metadata }));
    },
  });
}

/**
 * Runs tasks in order, the first few at once and the others in later turns of the event loop. Each task is a stream that is
 * open, and those are bounded.
 */
function createTurns(): (task: () => void) => void {
  let waiting: (() => void)[] = [];
  let left = startsPerTurn;
  function nextTurn(): void {
    const now = waiting.slice(0, startsPerTurn);
    waiting = waiting.slice(startsPerTurn);
    left = startsPerTurn - now.length;
    if (now.length > 0) setImmediate(nextTurn);
    for (const task of now) task();
  }
  return (task) => {
    // The first task since a quiet turn arranges the next one.
    if (left === startsPerTurn) setImmediate(nextTurn);
    if (left === 0 || waiting.length > 0) return void waiting.push(task);
    left -= 1;
    task();
  };
}
