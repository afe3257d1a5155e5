import { Metadata, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { AppError, toAppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import { detailsKey, encodeDetails, statusOf } from "./errors.ts";
import { tenantKey } from "./tenant-key.ts";

/** Bounds the calls of a method that are in progress. A call that does not fit is refused, never queued. */
export type CallGate = {
  /** Takes a place for a call. The returned function frees it. `tenant` comes unchecked from the call's metadata; "" where it names none. Throws an AppError to refuse the call. */
  enter(tenant: string): () => void;
};

/** The gates of methods (`/package.Service/Method`). */
export type CallLimits = Readonly<Record<string, CallGate>>;

const retryAfterMs = 1_000;

/** How many calls of bounded methods begin in one turn of the event loop: other calls are answered between the turns. */
const startsPerTurn = 32;

/** A gate for so many calls at once; others are refused with QUEUE_FULL and RetryInfo. */
export function boundCalls(most: number): CallGate {
  let inProgress = 0;
  return {
    enter() {
      if (inProgress >= most) {
        const text = `This process has ${most} open calls of the method, which is its bound; ask again later`;
        throw new AppError("QUEUE_FULL", text, { retryAfterMs });
      }
      inProgress += 1;
      return () => {
        inProgress -= 1;
      };
    },
  };
}

/**
 * Asks the gate of a method for each call. This happens before the call has a trace, a handler or a line in the log, so that a
 * flood of calls costs little. Calls that come together begin in small groups.
 */
export function createCallLimits(limits: CallLimits, metrics: Metrics): ServerInterceptor {
  const inTurn = createTurns();
  return ({ path }, call) => {
    const gate = limits[path];
    if (gate === undefined) return new ServerInterceptingCall(call);
    let leave: (() => void) | undefined;
    const end = () => {
      leave?.();
      leave = undefined;
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        inTurn(() =>
          next({
            onReceiveMetadata(metadata, pass) {
              try {
                leave = gate.enter(String(metadata.get(tenantKey)[0] ?? ""));
              } catch (error) {
                return refuse(toAppError(error));
              }
              pass(metadata);
            },
            onCancel: end,
          }),
        ),
      sendStatus(status, next) {
        end();
        next(status);
      },
    });

    function refuse({ reason, message, retryAfterMs }: AppError): void {
      metrics.count("pixelmesh_refused_requests_total", { rpc_method: path.slice(1), reason });
      const metadata = new Metadata();
      metadata.set(detailsKey, Buffer.from(encodeDetails(reason, message, retryAfterMs)));
      call.sendStatus({ code: statusOf(reason), details: message, metadata });
    }
  };
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
