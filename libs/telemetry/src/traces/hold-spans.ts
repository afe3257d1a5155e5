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

type HeldTrace = LocalTrace & { readonly spans: NotedSpan[]; state: "held" | "kept" | "dropped" };

/** Answers what is held of a trace in this process: of one that begins here, or comes in. */
export type HoldSpans = (trace: TraceIds, begins: boolean) => LocalTrace;

/**
 * Holds the spans that chance has not chosen for a while: once one of a trace fails or is slow, what is held of that trace in
 * this process is handed on, and so is what follows. Of a trace that began here, spans are held for as long as there is room,
 * for its end may be told here too; of others until the span by which they came in has ended well.
 */
export function createSpanHolder(
  handOn: (span: NotedSpan) => void,
  { slowMs, maxTraces, maxSpansPerTrace }: HoldOptions = defaultHoldOptions,
): HoldSpans {
  const begun = new Map<string, HeldTrace>();
  const kept = new Map<string, HeldTrace>();

  function keep(trace: HeldTrace): void {
    trace.state = "kept";
    begun.delete(trace.traceId);
    kept.set(trace.traceId, trace);
    if (kept.size > maxTraces) takeOldest(kept);
    for (const span of trace.spans.splice(0)) handOn(span);
  }

  return (ids, begins) => {
    const { traceId } = ids;
    const known = kept.get(traceId) ?? begun.get(traceId);
    if (known) return known;
    const trace: HeldTrace = {
      ...ids,
      ...{ spans: [], state: "held" },
      take(span) {
        // Other work on the same trace may have failed meanwhile.
        const matters = span.hasFailed || span.durationMs >= slowMs || (span.isEntry && kept.has(traceId));
        if (matters && trace.state !== "kept") keep(trace);
        if (trace.state === "kept") handOn(span);
        else if (!begins && span.isEntry) drop(trace);
        else if (trace.state === "held" && trace.spans.length < maxSpansPerTrace) trace.spans.push(span);
      },
    };
    if (begins) begun.set(traceId, trace);
    if (begun.size > maxTraces) drop(takeOldest(begun));
    return trace;
  };
}

/** What spans that are still open say of it is not held again. */
function drop(trace: HeldTrace): void {
  trace.state = "dropped";
  trace.spans.length = 0;
}

/** Maps give back their entries in the order in which they came. */
function takeOldest(of: Map<string, HeldTrace>): HeldTrace {
  const [key, oldest] = of.entries().next().value as [string, HeldTrace];
  of.delete(key);
  return oldest;
}
