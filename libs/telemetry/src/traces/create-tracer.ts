import { TraceFlags } from "@opentelemetry/api";
import type { Active, Place } from "../active.ts";
import type { HoldSpans } from "./hold-spans.ts";
import { createTraceId } from "./ids.ts";
import { type LocalTrace, NotedSpan, type TraceIds } from "./noted-span.ts";
import type { SpanOptions } from "./span.ts";

/** Opens spans below the place that is active. */
export type Tracer = { open(name: string, options: SpanOptions, within: Active): NotedSpan };

/** What becomes of spans. */
export type TracerParts = {
  /** Asked of every trace that begins here whether it is kept in any case; one begun elsewhere was decided about there. */
  readonly choose: () => boolean;
  /** Told of every span of a trace that is chosen as it ends. */
  readonly send: (span: NotedSpan) => void;
  /** What becomes of those of others. */
  readonly hold: HoldSpans;
};

/** Opens spans that cost little (see NotedSpan). A span whose parent is in this process shares its trace. */
export function createTracer({ choose, send, hold }: TracerParts): Tracer {
  const begin = (): TraceIds => ({
    traceId: createTraceId(),
    traceFlags: choose() ? TraceFlags.SAMPLED : TraceFlags.NONE,
  });
  function enter(parent: Place | undefined): LocalTrace {
    // What came over the wire was looked at when it came.
    const { traceId, traceFlags, traceState } = parent ?? begin();
    const ids = { traceId, traceFlags, traceState };
    return traceFlags & TraceFlags.SAMPLED ? { ...ids, take: send } : hold(ids, parent === undefined);
  }
  return {
    open(name, options, within) {
      const parent = within.place;
      return new NotedSpan(name, options, parent instanceof NotedSpan ? parent.trace : enter(parent), within);
    },
  };
}
