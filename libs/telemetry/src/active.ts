import { AsyncLocalStorage } from "node:async_hooks";
import type { TraceState } from "@opentelemetry/api";

/** A place in a trace, as the headers of W3C Trace Context name it: a span, or where a trace begins. */
export type Place = {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  /** What other tracing systems want handed on. */
  readonly traceState?: TraceState | undefined;
  /** Whether it came over the wire. */
  readonly isRemote?: boolean;
};

/** What travels with a call besides its trace: handed on to every call made on its behalf. */
export type CallFacts = {
  /** Wall-clock time after which the caller no longer wants the answer. */
  readonly deadlineUnixMs?: number;
  readonly tenant?: string;
  /** What the line that is logged of the call says besides method and outcome. */
  readonly notes?: CallNotes;
};

/** What a call was about, for its line in the log. */
export type CallNotes = { jobId?: string; stepId?: string; reason?: string };

/** What the running code works in: its place in a trace and the call it works for. Never changed, only followed by another. */
export type Active = {
  readonly place?: Place | undefined;
  readonly facts?: CallFacts | undefined;
};

const store = new AsyncLocalStorage<Active>();
const nothing: Active = {};

/** What the running code works in; nothing outside of `runIn`. */
export const active = (): Active => store.getStore() ?? nothing;

/** Runs `work`, and all that it waits for, in `next`. */
export function runIn<T>(next: Active, work: () => T): T {
  return store.getStore() === next ? work() : store.run(next, work);
}
