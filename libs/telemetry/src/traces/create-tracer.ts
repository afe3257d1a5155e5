import type { ActiveContext, TraceContext } from "../active-context.ts";
import type { HeadSampler } from "./head-sampling.ts";
import { createTraceId } from "./ids.ts";
import { LightweightSpan, type LocalTrace } from "./lightweight-span.ts";
import type { SpanOptions } from "./span.ts";
import type { TailSampler } from "./tail-sampling.ts";
import { traceFlags } from "./trace-headers.ts";

/** Opens spans below the position of a context. */
export type Tracer = { open(name: string, options: SpanOptions, within: ActiveContext): LightweightSpan };

/** The sampling of a tracer. */
export type Samplers = { readonly headSampler: HeadSampler; readonly tailSampler: TailSampler };

/** Creates a tracer of lightweight spans. A span whose parent is in this process shares its trace. */
export function createTracer({ headSampler, tailSampler }: Samplers): Tracer {
  const flagsOf = (traceId: string, name: string) =>
    headSampler.sample(traceId, name) ? traceFlags.sampled : traceFlags.none;

  function enter(parent: TraceContext | undefined, name: string): LocalTrace {
    if (parent && headSampler.followsCaller) return tailSampler(parent, false);
    if (parent) return tailSampler({ ...toIds(parent), traceFlags: flagsOf(parent.traceId, name) }, false);
    const traceId = createTraceId();
    return tailSampler({ traceId, traceFlags: flagsOf(traceId, name) }, true);
  }
  return {
    open(name, options, within) {
      const parent = within.trace;
      return new LightweightSpan(
        name,
        options,
        parent instanceof LightweightSpan ? parent.trace : enter(parent, name),
        within,
      );
    },
  };
}

const toIds = ({ traceId, traceState }: TraceContext) => ({ traceId, traceState });
