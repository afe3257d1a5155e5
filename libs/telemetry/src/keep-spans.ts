import type { NotedSpan } from "./noted-span.ts";

/** Which traces are kept although chance did not choose them, and how much is held until that is known. */
export type KeepOptions = {
  /** A span at least this long makes its trace one to be kept, in milliseconds. */
  readonly slowMs: number;
  /** Traces held at once; the oldest goes first. */
  readonly maxTraces: number;
  /** Spans held of one trace; what comes after them is dropped. */
  readonly maxSpansPerTrace: number;
};

/** Enough for a few seconds of busy traffic, at about 1 KiB a span. */
export const defaultKeepOptions: KeepOptions = { slowMs: 30_000, maxTraces: 256, maxSpansPerTrace: 64 };

/**
 * Holds the spans that chance has not chosen for a while: once one of a trace fails or is slow, what is held of that trace in
 * this process is handed on, and so is what follows. What it answers is told of every such span that ended.
 */
export function createSpanHolder(
  handOn: (span: NotedSpan) => void,
  options: KeepOptions = defaultKeepOptions,
): (span: NotedSpan) => void {
  const held = new Map<string, NotedSpan[]>();
  const kept = new Set<string>();

  function keep(traceId: string): void {
    kept.add(traceId);
    dropOldest(kept, options.maxTraces);
    for (const span of held.get(traceId) ?? []) handOn(span);
    held.delete(traceId);
  }

  return (span) => {
    const { traceId } = span;
    if (!kept.has(traceId) && (span.hasFailed || span.durationMs >= options.slowMs)) keep(traceId);
    if (kept.has(traceId)) return handOn(span);
    const spans = held.get(traceId);
    if (spans === undefined) {
      held.set(traceId, [span]);
      dropOldest(held, options.maxTraces);
    } else if (spans.length < options.maxSpansPerTrace) spans.push(span);
  };
}

/** Maps and sets give back their keys in the order in which they came. */
function dropOldest(of: Map<string, unknown> | Set<string>, most: number): void {
  for (const key of of.keys()) {
    if (of.size <= most) return;
    of.delete(key);
  }
}
