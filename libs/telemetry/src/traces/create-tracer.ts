import { TraceFlags } from "@opentelemetry/api";
import type { Active, Place } from "../active.ts";
import type { HoldSpans } from "./hold-spans.ts";
import { createTraceId } from "./ids.ts";
import { type LocalTrace, NotedSpan } from "./noted-span.ts";
import type { SpanOptions } from "./span.ts";

/** Opens spans below the place that is active. */
export type Tracer = { open(name: string, options: SpanOptions, within: Active): NotedSpan };

/** What becomes of spans. */
export type TracerParts = {
  /** Asked of every trace that begins here whether it is kept in any case; one begun elsewhere was decided about there. */
  readonly choose: () => boolean;
  readonly hold: HoldSpans;
};

/** Opens spans that cost little (see NotedSpan). A span whose parent is in this process shares its trace. */
export function createTracer({ choose, hold }: TracerParts): Tracer {
  function enter(parent: Place | undefined): LocalTrace {
    // What came over the wire was looked at when it came.
    if (parent) return hold(parent, false);
    const traceFlags = choose() ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return hold({ traceId: createTraceId(), traceFlags }, true);
  }
  return {
    open(name, options, within) {
      const parent = within.place;
      return new NotedSpan(name, options, parent instanceof NotedSpan ? parent.trace : enter(parent), within);
    },
  };
}
