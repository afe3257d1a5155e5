import { context, isSpanContextValid, TraceFlags, type Tracer, trace } from "@opentelemetry/api";
import type { IdGenerator } from "@opentelemetry/sdk-trace";
import { HeldSpan } from "./held-span.ts";

/** What the two kinds of spans are made by. */
export type ThriftyTracerParts = {
  /** Makes the spans of traces that chance has chosen; must choose all it is given. */
  readonly chosen: Pick<Tracer, "startSpan">;
  readonly ids: IdGenerator;
  /** Share of the traces begun here that is chosen, 0 to 1; a trace begun elsewhere was decided about there. */
  readonly ratio: number;
  /** Told of every span of the others as it ends. */
  readonly onHeldEnd: (span: HeldSpan) => void;
};

/** Opens spans: of traces that chance has chosen those of the SDK, of all others such as cost little (see HeldSpan). */
export function createThriftyTracer({ chosen, ids, ratio, onHeldEnd }: ThriftyTracerParts): Pick<Tracer, "startSpan"> {
  return {
    startSpan(name, options = {}, within = context.active()) {
      const carried = trace.getSpanContext(within);
      const parent = carried && isSpanContextValid(carried) ? carried : undefined;
      const isChosen = parent ? (parent.traceFlags & TraceFlags.SAMPLED) !== 0 : Math.random() < ratio;
      if (isChosen) return chosen.startSpan(name, options, within);
      const own = { traceId: parent?.traceId ?? ids.generateTraceId(), spanId: ids.generateSpanId() };
      return new HeldSpan(name, options, own, parent, onHeldEnd);
    },
  };
}
