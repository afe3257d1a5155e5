import { SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import type { ReadableSpan, Span, SpanProcessor } from "@opentelemetry/sdk-trace";

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
 * Hands on what chance has chosen at once, and holds the rest for a while: once a span of a trace fails or is slow, what is
 * held of that trace in this process is handed on, and so is what follows.
 */
export function createKeepingProcessor(next: SpanProcessor, options: KeepOptions = defaultKeepOptions): SpanProcessor {
  const held = new Map<string, ReadableSpan[]>();
  const kept = new Set<string>();

  function keep(traceId: string): void {
    kept.add(traceId);
    dropOldest(kept, options.maxTraces);
    for (const span of held.get(traceId) ?? []) next.onEnd(asSampled(span));
    held.delete(traceId);
  }

  return {
    onStart(span: Span, parent) {
      next.onStart(span, parent);
    },
    onEnd(span) {
      const { traceId, traceFlags } = span.spanContext();
      if (traceFlags & TraceFlags.SAMPLED) return next.onEnd(span);
      if (kept.has(traceId)) return next.onEnd(asSampled(span));
      if (span.status.code === SpanStatusCode.ERROR || durationMs(span) >= options.slowMs) {
        keep(traceId);
        return next.onEnd(asSampled(span));
      }
      const spans = held.get(traceId) ?? [];
      if (spans.length < options.maxSpansPerTrace) spans.push(span);
      held.set(traceId, spans);
      dropOldest(held, options.maxTraces);
    },
    forceFlush: () => next.forceFlush(),
    shutdown: () => next.shutdown(),
  };
}

/** Maps and sets give back their keys in the order in which they came. */
function dropOldest(of: Map<string, unknown> | Set<string>, most: number): void {
  for (const key of of.keys()) {
    if (of.size <= most) return;
    of.delete(key);
  }
}

/** How long it lasted, or what it tells of having lasted: a job ends in another span than it began in. */
function durationMs({ duration: [seconds, nanos], attributes }: ReadableSpan): number {
  return Math.max(seconds * 1_000 + nanos / 1e6, Number(attributes["pixelmesh.job.duration_ms"] ?? 0));
}

/** The same span as one that chance had chosen: exporters take no other. */
function asSampled(span: ReadableSpan): ReadableSpan {
  const given = span.spanContext();
  return Object.create(span, {
    spanContext: { value: () => ({ ...given, traceFlags: given.traceFlags | TraceFlags.SAMPLED }) },
  }) as ReadableSpan;
}
