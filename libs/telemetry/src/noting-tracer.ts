import { context, TraceFlags, type Tracer, trace } from "@opentelemetry/api";
import type { IdGenerator } from "@opentelemetry/sdk-trace";
import { NotedSpan } from "./noted-span.ts";

/** What spans are made by. */
export type NotingTracerParts = {
  readonly ids: IdGenerator;
  /** Asked of every trace that begins here whether it is kept in any case; one begun elsewhere was decided about there. */
  readonly choose: () => boolean;
  /** Told of every span as it ends. */
  readonly onEnd: (span: NotedSpan) => void;
};

/** Opens spans that cost little (see NotedSpan), as children of the active one. */
export function createNotingTracer({ ids, choose, onEnd }: NotingTracerParts): Pick<Tracer, "startSpan"> {
  return {
    startSpan(name, options = {}, within = context.active()) {
      // What came over the wire was looked at when it came.
      const parent = trace.getSpanContext(within);
      const traceFlags = parent?.traceFlags ?? (choose() ? TraceFlags.SAMPLED : TraceFlags.NONE);
      const own = { traceId: parent?.traceId ?? ids.generateTraceId(), spanId: ids.generateSpanId(), traceFlags };
      return new NotedSpan(name, options, own, parent, onEnd);
    },
  };
}
