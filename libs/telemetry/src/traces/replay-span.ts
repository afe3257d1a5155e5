import { type HrTime, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { type IdGenerator, type Sampler, SamplingDecision } from "@opentelemetry/sdk-trace";
import type { TraceContext } from "../active-context.ts";
import type { SpanFacts } from "./lightweight-span.ts";

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** The parts of an SDK through which ended spans are replayed. */
export type SpanReplay = {
  /** Gives each replayed span the ids that it had. */
  readonly idGenerator: IdGenerator;
  /** Keeps every replayed span. The sampling was done before. */
  readonly sampler: Sampler;
  /** Starts and ends a span of the SDK with the ids, times and attributes of an ended span. */
  replay(tracer: Tracer, facts: SpanFacts): void;
};

/**
 * Creates the parts that replay ended spans in an SDK, which then limits, batches and exports them as its own. `idGenerator` and `sampler`
 * must be those of the tracer's provider. `startSpan` is synchronous, so one slot for the next ids is enough.
 */
export function createSpanReplay(): SpanReplay {
  let next = { traceId: "", spanId: "" };
  return {
    idGenerator: { generateTraceId: () => next.traceId, generateSpanId: () => next.spanId },
    sampler: {
      shouldSample: () => ({ decision: SamplingDecision.RECORD_AND_SAMPLED }),
      toString: () => "Pixelmesh's head and tail sampling",
    },
    replay(tracer, facts) {
      next = facts;
      const span = tracer.startSpan(
        facts.name,
        { kind: kinds[facts.kind], attributes: facts.attributes, startTime: toHrTime(facts.startUnixMs) },
        facts.parent ? trace.setSpanContext(ROOT_CONTEXT, toSpanContext(facts.parent)) : ROOT_CONTEXT,
      );
      finish(span, facts);
    },
  };
}

function finish(span: Span, { events, hasFailed, endUnixMs }: SpanFacts): void {
  for (const { name, attributes, unixMs } of events) span.addEvent(name, attributes, toHrTime(unixMs));
  if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(toHrTime(endUnixMs));
}

function toSpanContext({ traceId, spanId, traceFlags, traceState, isRemote = false }: TraceContext) {
  return { traceId, spanId, traceFlags, isRemote, ...(traceState ? { traceState } : {}) };
}

/** Converts milliseconds to seconds and nanoseconds. */
function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1_000) * 1e6))];
}
