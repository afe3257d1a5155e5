import type { ActiveContext, TraceContext } from "../active-context.ts";
import { createTraceId } from "./ids.ts";
import { LightweightSpan, type LocalTrace } from "./lightweight-span.ts";
import type { SpanOptions } from "./span.ts";
import type { TailSampler } from "./tail-sampling.ts";
import { traceFlags } from "./trace-headers.ts";

/** Opens spans below the position of a context. */
export type Tracer = { open(name: string, options: SpanOptions, within: ActiveContext): LightweightSpan };

/** The sampling of a tracer. */
export type Samplers = {
  /** Whether to keep a trace that begins here. A trace that began elsewhere carries the decision made there. */
  readonly sampleHead: () => boolean;
  readonly tailSampler: TailSampler;
};

/** Creates a tracer of lightweight spans. A span whose parent is in this process shares its trace. */
export function createTracer({ sampleHead, tailSampler }: Samplers): Tracer {
  function enter(parent: TraceContext | undefined): LocalTrace {
    if (parent) return tailSampler(parent, false);
    const flags = sampleHead() ? traceFlags.sampled : traceFlags.none;
    return tailSampler({ traceId: createTraceId(), traceFlags: flags }, true);
  }
  return {
    open(name, options, within) {
      const parent = within.trace;
      return new LightweightSpan(
        name,
        options,
        parent instanceof LightweightSpan ? parent.trace : enter(parent),
        within,
      );
    },
  };
}
