import type { TraceState } from "@opentelemetry/api";
import type { LightweightSpan, LocalTrace, TraceIds } from "./lightweight-span.ts";
import { traceFlags as flags } from "./trace-headers.ts";

/** Options of tail sampling: which traces are kept although head sampling did not, and how much is buffered until that is known. */
export type TailSamplingOptions = {
  /** A span of this length or longer makes its trace one to keep, in milliseconds. */
  readonly slowMs: number;
  /** Buffered traces. The oldest is dropped first. */
  readonly maxTraces: number;
  /** Buffered spans of one trace. Later ones are dropped. */
  readonly maxSpansPerTrace: number;
};

/** Enough for a few seconds of busy traffic, at about 1 KiB a span. */
export const defaultTailSamplingOptions: TailSamplingOptions = {
  slowMs: 30_000,
  maxTraces: 256,
  maxSpansPerTrace: 64,
};

/** Returns the trace with these ids in this process. `begins` says whether the trace begins here. */
export type TailSampler = (ids: TraceIds, begins: boolean) => LocalTrace;

/** One class for sampled and buffered traces, because spans are passed to thousands of them a second. */
class BufferedTrace implements LocalTrace {
  readonly traceId: string;
  readonly traceFlags: number;
  readonly traceState: TraceState | undefined;
  readonly begins: boolean;
  isOfJob = false;
  state: "buffered" | "sampled" | "dropped";
  readonly spans: LightweightSpan[] = [];
  readonly passOn: (trace: BufferedTrace, span: LightweightSpan) => void;

  constructor({ traceId, traceFlags, traceState }: TraceIds, begins: boolean, passOn: BufferedTrace["passOn"]) {
    this.traceId = traceId;
    this.traceFlags = traceFlags;
    this.traceState = traceState;
    this.begins = begins;
    this.state = traceFlags & flags.sampled ? "sampled" : "buffered";
    this.passOn = passOn;
  }

  onSpanEnd(span: LightweightSpan): void {
    this.passOn(this, span);
  }

  /** Whether the part of the trace in this process ends with this span. */
  endsWith(span: LightweightSpan): boolean {
    if (!this.begins) return span.isEntry;
    return this.isOfJob ? span.endsJob : span.isRoot;
  }
}

/**
 * Creates a tail sampler. Spans of sampled traces are exported at once. Spans of other traces are buffered: if one of them fails or
 * is slow, the buffered spans of its trace and all later ones are exported. The buffer of a trace is dropped when the part of the
 * trace in this process ends well: at the end of the span by which it began or entered, or, for the trace of a job that began here,
 * at the end of the span that sets the job's duration.
 */
export function createTailSampler(
  exportSpan: (span: LightweightSpan) => void,
  { slowMs, maxTraces, maxSpansPerTrace }: TailSamplingOptions = defaultTailSamplingOptions,
): TailSampler {
  const begun = new Map<string, BufferedTrace>();
  const sampled = new Map<string, BufferedTrace>();

  function onSpanEnd(trace: BufferedTrace, span: LightweightSpan): void {
    // Another entry of the same trace may have failed. The size check avoids the look-up while no trace has.
    const hasFailedElsewhere = sampled.size > 0 && span.isEntry && sampled.has(trace.traceId);
    const isNotable = span.hasFailed || span.durationMs >= slowMs || hasFailedElsewhere;
    if (isNotable && trace.state !== "sampled") sample(trace);
    if (trace.state === "sampled") exportSpan(span);
    else if (trace.endsWith(span)) drop(trace);
    else if (trace.state === "buffered" && trace.spans.length < maxSpansPerTrace) trace.spans.push(span);
  }

  function sample(trace: BufferedTrace): void {
    trace.state = "sampled";
    begun.delete(trace.traceId);
    sampled.set(trace.traceId, trace);
    if (sampled.size > maxTraces) sampled.delete(sampled.keys().next().value as string);
    for (const span of trace.spans.splice(0)) exportSpan(span);
  }

  /** Drops the buffered spans. Spans of the trace that are still open are not buffered again. */
  function drop(trace: BufferedTrace): void {
    trace.state = "dropped";
    if (trace.begins) begun.delete(trace.traceId);
    trace.spans.length = 0;
  }

  // A Map iterates in the order of insertion, so its first entry is the oldest.
  return (ids, begins) => {
    const { traceId } = ids;
    const known = sampled.size + begun.size > 0 ? (sampled.get(traceId) ?? begun.get(traceId)) : undefined;
    if (known) return known;
    const trace = new BufferedTrace(ids, begins, onSpanEnd);
    if (begins && trace.state === "buffered") begun.set(traceId, trace);
    // The trace of a job whose end another replica handles never ends here, so the number is bounded.
    if (begun.size > maxTraces) drop(begun.values().next().value as BufferedTrace);
    return trace;
  };
}

/** Creates a sampler without a tail: spans of sampled traces are exported at once, others are dropped. */
export function createHeadOnly(exportSpan: (span: LightweightSpan) => void): TailSampler {
  return (ids) => ({
    traceId: ids.traceId,
    traceFlags: ids.traceFlags,
    traceState: ids.traceState,
    isOfJob: false,
    onSpanEnd: ids.traceFlags & flags.sampled ? exportSpan : () => {},
  });
}
