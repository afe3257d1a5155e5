import { AsyncLocalStorage } from "node:async_hooks";
import type { TraceState } from "@opentelemetry/api";

/** A position in a trace, with the fields of W3C Trace Context: an open span, or the point where a trace begins. */
export type TraceContext = {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  /** State of other tracing systems, passed on unchanged. */
  readonly traceState?: TraceState | undefined;
  /** Whether it came from another process. */
  readonly isRemote?: boolean;
};

/** Facts of a call that are passed on to every call made on its behalf. */
export type CallInfo = {
  /** Wall-clock time after which the caller no longer wants the answer. */
  readonly deadlineUnixMs?: number;
  readonly tenant?: string;
  /** Fields that `addCallLogFields` adds to the call's log line, besides method and outcome. */
  readonly logFields?: CallLogFields;
};

/** Ids and reason that a call's log line may carry. */
export type CallLogFields = { jobId?: string; stepId?: string; reason?: string };

/** The context of the running code: its position in a trace, and the call it works for. Immutable. */
export type ActiveContext = {
  readonly trace?: TraceContext | undefined;
  readonly call?: CallInfo | undefined;
};

const storage = new AsyncLocalStorage<ActiveContext>();
const emptyContext: ActiveContext = {};

/** The context of the running code; empty outside of `runInContext`. */
export const activeContext = (): ActiveContext => storage.getStore() ?? emptyContext;

/** Runs `work`, and everything that it awaits, in a context. */
export function runInContext<T>(context: ActiveContext, work: () => T): T {
  return storage.getStore() === context ? work() : storage.run(context, work);
}
