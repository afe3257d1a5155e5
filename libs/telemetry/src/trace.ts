import { randomBytes } from "node:crypto";
import {
  type Context,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import type { ExportOptions } from "./export-spans.ts";
import { isTracing, setTracer } from "./spans.ts";

/**
 * Turns W3C trace context on for this process. Called once, at the start. Spans are made and sent only where an endpoint is
 * given; without one the ids alone travel, so that log lines of one job can be found. Answers what ends the sending.
 */
export async function startTracing(options?: ExportOptions): Promise<{ close(): Promise<void> }> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  if (!options || options.endpoint === "") return { close: async () => {} };
  const { createExportingTracer } = await import("./export-spans.ts");
  const { tracer, close } = createExportingTracer(options);
  setTracer(tracer);
  return {
    async close() {
      setTracer(undefined);
      // A receiver that is away must not keep a service from ending.
      await close().catch(() => {});
    },
  };
}

/** Trace and span id of the running code, for log lines; empty outside of a trace. */
export function traceIds(): { traceId?: string; spanId?: string } {
  const span = trace.getSpanContext(context.active());
  return span && isSpanContextValid(span) ? { traceId: span.traceId, spanId: span.spanId } : {};
}

/** Id of the running trace where somebody keeps it: only such a one can be looked up later. */
export function keptTraceId(): string | undefined {
  const span = trace.getSpanContext(context.active());
  return span && isSpanContextValid(span) && span.traceFlags & TraceFlags.SAMPLED ? span.traceId : undefined;
}

/** Calls `set` with the headers (`traceparent`, `tracestate`) that carry the running trace to another process. */
export function injectTrace(set: (name: string, value: string) => void): void {
  propagation.inject(context.active(), undefined, { set: (_carrier, name, value) => set(name, value) });
}

/** Runs `work` inside the trace that the headers name, or inside a new one when they name none. */
export function withExtractedTrace<T>(get: (name: string) => string | undefined, work: () => T): T {
  const carried = propagation.extract(ROOT_CONTEXT, undefined, { get: (_carrier, name) => get(name), keys: () => [] });
  const span = trace.getSpanContext(carried);
  // Only the trace is taken from the wire; deadline and tenant of the active context stay.
  return context.with(
    span && isSpanContextValid(span) ? trace.setSpanContext(context.active(), span) : startTrace(context.active()),
    work,
  );
}

/** Runs `work` in the running trace, or in a new one where there is none, so that its logs can be found together. */
export function withTrace<T>(work: () => T): T {
  const active = context.active();
  return trace.getSpanContext(active) ? work() : context.with(startTrace(active), work);
}

/** The generator with every step run in the context that is active now: generators otherwise run in their consumer's. */
export function bindToContext<T, R>(generator: AsyncGenerator<T, R, undefined>): AsyncGenerator<T, R, undefined> {
  const bound = context.active();
  const within = <V>(work: () => V): V => context.with(bound, work);
  const wrapped = {
    next: () => within(() => generator.next()),
    return: (value: R | PromiseLike<R>) => within(() => generator.return(value)),
    throw: (error: unknown) => within(() => generator.throw(error)),
    [Symbol.asyncIterator]: () => wrapped,
    [Symbol.asyncDispose]: async () => {
      await within(() => generator.return(undefined as R));
    },
  };
  return wrapped as AsyncGenerator<T, R, undefined>;
}

function startTrace(base: Context): Context {
  // The first span begins a trace of its own, and chance decides about it.
  if (isTracing()) return trace.deleteSpan(base);
  // Not sampled: nothing is recorded; the ids tie log lines of one job together.
  const ids = {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    traceFlags: TraceFlags.NONE,
  };
  return trace.setSpanContext(base, ids);
}
