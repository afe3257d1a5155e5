import { TraceFlags, type TraceState } from "@opentelemetry/api";
import type { LocalTrace, NotedSpan, TraceIds } from "./noted-span.ts";

/** Which traces are kept although chance did not choose them, and how much is held until that is known. */
export type HoldOptions = {
  /** A span at least this long makes its trace one to be kept, in milliseconds. */
  readonly slowMs: number;
  /** Traces held at once; the oldest goes first. */
  readonly maxTraces: number;
  /** Spans held of one trace; what comes after them is dropped. */
  readonly maxSpansPerTrace: number;
};

/** Enough for a few seconds of busy traffic, at about 1 KiB a span. */
export const defaultHoldOptions: HoldOptions = { slowMs: 30_000, maxTraces: 256, maxSpansPerTrace: 64 };

/** Answers the trace of this process with these ids: one that begins here, or comes in. */
export type HoldSpans = (trace: TraceIds, begins: boolean) => LocalTrace;

/** All traces are of one class, chosen or not: spans are told to thousands of them a second. */
class HeldTrace implements LocalTrace {
  readonly traceId: string;
  readonly traceFlags: number;
  readonly traceState: TraceState | undefined;
  readonly begins: boolean;
  isOfJob = false;
  state: "held" | "kept" | "dropped";
  readonly spans: NotedSpan[] = [];
  readonly passOn: (trace: HeldTrace, span: NotedSpan) => void;

  constructor({ traceId, traceFlags, traceState }: TraceIds, begins: boolean, passOn: HeldTrace["passOn"]) {
    this.traceId = traceId;
    this.traceFlags = traceFlags;
    this.traceState = traceState;
    this.begins = begins;
    this.state = traceFlags & TraceFlags.SAMPLED ? "kept" : "held";
    this.passOn = passOn;
  }

  take(span: NotedSpan): void {
    this.passOn(this, span);
  }

  /** Whether the trace has ended with this span, as far as it is of this process. */
  endsWith(span: NotedSpan): boolean {
    if (!this.begins) return span.isEntry;
    return this.isOfJob ? span.endsJob : span.isRoot;
  }
}

/**
 * Hands on the spans of traces that chance has chosen, and holds those of others for a while: once one of a trace fails or is
 * slow, what is held of that trace in this process is handed on, and so is what follows. Spans are held until their trace has
 * ended well as far as it is of this process: with the span by which it began or came in; one of a job that began here, with
 * what tells of the job's end.
 */
export function createSpanHolder(
  handOn: (span: NotedSpan) => void,
  { slowMs, maxTraces, maxSpansPerTrace }: HoldOptions = defaultHoldOptions,
): HoldSpans {
  const begun = new Map<string, HeldTrace>();
  const kept = new Map<string, HeldTrace>();

  function take(trace: HeldTrace, span: NotedSpan): void {
    // Other work on the same trace may have failed meanwhile; while none has, its id need not be looked up.
    const othersFailed = kept.size > 0 && span.isEntry && kept.has(trace.traceId);
    const matters = span.hasFailed || span.durationMs >= slowMs || othersFailed;
    if (matters && trace.state !== "kept") keep(trace);
    if (trace.state === "kept") handOn(span);
    else if (trace.endsWith(span)) drop(trace);
    else if (trace.state === "held" && trace.spans.length < maxSpansPerTrace) trace.spans.push(span);
  }

  function keep(trace: HeldTrace): void {
    trace.state = "kept";
    begun.delete(trace.traceId);
    kept.set(trace.traceId, trace);
    if (kept.size > maxTraces) kept.delete(kept.keys().next().value as string);
    for (const span of trace.spans.splice(0)) handOn(span);
  }

  /** What spans that are still open say of it is not held again. */
  function drop(trace: HeldTrace): void {
    trace.state = "dropped";
    if (trace.begins) begun.delete(trace.traceId);
    trace.spans.length = 0;
  }

  // Maps give back their entries in the order in which they came: the first is the oldest.
  return (ids, begins) => {
    const { traceId } = ids;
    const known = kept.size + begun.size > 0 ? (kept.get(traceId) ?? begun.get(traceId)) : undefined;
    if (known) return known;
    const trace = new HeldTrace(ids, begins, take);
    if (begins && trace.state === "held") begun.set(traceId, trace);
    // Another replica may have told of the job's end.
    if (begun.size > maxTraces) drop(begun.values().next().value as HeldTrace);
    return trace;
  };
}
