import { Metadata, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import { AppError, toAppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import { tenantKey } from "../calls/tenant-key.ts";
import { detailsKey, encodeDetails } from "../errors/error-details.ts";
import { statusOf } from "../errors/statuses.ts";

/** Limits the open calls of a method. A call above the limit is refused, never queued. */
export type CallGate = {
  /**
   * Counts a call as open until the returned function is called. `tenant` comes unchecked from the call's metadata; "" without one.
   * Throws an AppError to refuse the call.
   */
  enter(tenant: string): () => void;
};

/** The gates of methods (`/package.Service/Method`). */
export type CallLimits = Readonly<Record<string, CallGate>>;

const retryAfterMs = 1_000;

/** Calls of limited methods that begin in one turn of the event loop. Other calls are answered between the turns. */
const startsPerTurn = 32;

/** Creates a gate for at most `maxCalls` open calls. It refuses others with QUEUE_FULL and RetryInfo. */
export function limitCalls(maxCalls: number): CallGate {
  let inProgress = 0;
  return {
    enter() {
      if (inProgress >= maxCalls) {
        const text = `This process has ${maxCalls} open calls of the method, which is its limit; repeat the call later`;
        throw new AppError("QUEUE_FULL", text, { retryAfterMs });
      }
      inProgress += 1;
      return () => {
        inProgress -= 1;
      };
    },
  };
}

/** Options of `createCallLimits`. */
export type CallLimitsOptions = {
  readonly limits: CallLimits;
  readonly metrics: Metrics;
  /** Whether the server accepts a call with this `authorization`. Other calls take no place: the server refuses them. */
  readonly isAccepted: (authorization: string) => boolean;
  /** Longest time in milliseconds in which the one request of a call arrives. Streams of requests have a limit of their own. */
  readonly maxRequestMs: number;
};

/**
 * Creates an interceptor that asks the gate of the method for each call. It runs before the call has a trace, a handler or a log line,
 * so that a flood of calls costs little. Calls that arrive together begin in small groups. A call whose one request does not arrive in time ends with
 * DEADLINE_EXCEEDED: no handler has begun, so nothing else would end it.
 */
export function createCallLimits({ limits, metrics, isAccepted, maxRequestMs }: CallLimitsOptions): ServerInterceptor {
  const inTurn = createTurns();
  return ({ path, requestStream }, call) => {
    const gate = limits[path];
    if (gate === undefined) return call as ServerInterceptingCall;
    let leave: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    const end = () => {
      clearTimeout(timer);
      leave?.();
      leave = undefined;
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        inTurn(() =>
          next({
            onReceiveMetadata(metadata, pass) {
              try {
                if (isAccepted(String(metadata.get("authorization")[0] ?? "")))
                  leave = gate.enter(String(metadata.get(tenantKey)[0] ?? ""));
              } catch (error) {
                return refuse(toAppError(error));
              }
              if (!requestStream) timer = setTimeout(() => refuse(lateError(maxRequestMs)), maxRequestMs);
              pass(metadata);
            },
            onReceiveHalfClose(pass) {
              clearTimeout(timer);
              pass();
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

const lateError = (ms: number) =>
  new AppError("DEADLINE_EXCEEDED", `The client did not send its request within ${ms / 1000} s`);

/**
 * Runs tasks in order: the first 32 at once, the others in later turns of the event loop. The queue is bounded, because each task
 * is an open stream.
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
    // The first task of a turn schedules the next turn.
    if (left === startsPerTurn) setImmediate(nextTurn);
    if (left === 0 || waiting.length > 0) return void waiting.push(task);
    left -= 1;
    task();
  };
}
