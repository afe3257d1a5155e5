import { context, propagation, TraceFlags } from "@opentelemetry/api";
import { parseTraceParent, TraceState } from "@opentelemetry/core";
import { type Active, active, type CallFacts, type Place, runIn } from "../active.ts";
import type { ExportOptions } from "./export-spans.ts";
import { createSpanId, createTraceId } from "./ids.ts";
import { NotedSpan } from "./noted-span.ts";
import type { OpenSpan, SpanOptions } from "./span.ts";
import { isTracing, noSpan, openSpan, setTracer } from "./spans.ts";

/**
 * Makes and sends the spans of this process where an endpoint is given. Called once, at the start; without it the ids alone
 * travel, so that log lines of one job can be found. Answers what ends the sending.
 */
export async function startTracing(options?: ExportOptions): Promise<{ close(): Promise<void> }> {
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
  const { place } = active();
  return place ? { traceId: place.traceId, spanId: place.spanId } : {};
}

/** Id of the running trace where somebody keeps it: only such a one can be looked up later. */
export function keptTraceId(): string | undefined {
  const { place } = active();
  return place && place.traceFlags & TraceFlags.SAMPLED ? place.traceId : undefined;
}

/**
 * Calls `set` with the headers (`traceparent`, `tracestate`) that carry a span, or where there is none the running trace, to
 * another process. In a program that traces with an OpenTelemetry SDK of its own, as users of the client may, that is its trace.
 */
export function injectTrace(set: (name: string, value: string) => void, span?: OpenSpan): void {
  const place = span instanceof NotedSpan ? span : active().place;
  if (!place) {
    propagation.inject(context.active(), undefined, { set: (_carrier, name, value) => set(name, value) });
    return;
  }
  set("traceparent", toTraceParent(place));
  if (place.traceState) set("tracestate", place.traceState.serialize());
}

/** The `traceparent` under which a job goes on in the running trace, until a span tells how long it took; empty outside of a trace. */
export function openJobTrace(): string {
  const { place } = active();
  if (place instanceof NotedSpan) place.trace.isOfJob = true;
  return place ? toTraceParent(place) : "";
}

/** A header of what came in, by its name in lower case. */
export type GetHeader = (name: string) => string | undefined;

/** Runs `work` inside the trace that the headers name, or inside a new one when they name none. */
export function withExtractedTrace<T>(get: GetHeader, work: () => T): T {
  return runIn(extract(get, active().facts), work);
}

/** Where a trace comes into this process: a span, and what works in it, or where there is none in its trace. */
export type Entry = {
  readonly span: OpenSpan;
  run<T>(work: () => T): T;
  /** `bindToContext` for what works here. */
  bind<T, R>(generator: AsyncGenerator<T, R, undefined>): AsyncGenerator<T, R, undefined>;
};

/** Opens a span inside the trace that the headers name, or inside a new one; without `open` there is none. `facts` are added to what is known. */
export function openEntry(
  get: GetHeader,
  open?: { readonly name: string; readonly options: SpanOptions },
  facts?: CallFacts,
): Entry {
  const known = active().facts;
  const outside = extract(get, facts ? { ...known, ...facts } : known);
  const span = open ? openSpan(open.name, open.options, outside) : noSpan;
  // One step into trace, span and facts: each step into something copies what is active.
  const inside = span instanceof NotedSpan ? { place: span, facts: outside.facts } : outside;
  return { span, run: (work) => runIn(inside, work), bind: (generator) => bindTo(inside, generator) };
}

/** What works in the trace of these headers. Only the trace is taken from the wire: deadline and tenant of the active call stay. */
function extract(get: GetHeader, facts: CallFacts | undefined): Active {
  const parent = parseTraceParent(get("traceparent") ?? "");
  if (!parent) return { place: createPlace(), facts };
  const state = get("tracestate");
  return { place: { ...parent, isRemote: true, ...(state ? { traceState: new TraceState(state) } : {}) }, facts };
}

/** Runs `work` in the running trace, or in a new one where there is none, so that its logs can be found together. */
export function withTrace<T>(work: () => T): T {
  return active().place ? work() : runIn({ ...active(), place: createPlace() }, work);
}

/** The generator with every step run in what is active now: generators otherwise run in what their consumer works in. */
export function bindToContext<T, R>(generator: AsyncGenerator<T, R, undefined>): AsyncGenerator<T, R, undefined> {
  return bindTo(active(), generator);
}

function bindTo<T, R>(bound: Active, generator: AsyncGenerator<T, R, undefined>): AsyncGenerator<T, R, undefined> {
  const wrapped = {
    next: () => runIn(bound, () => generator.next()),
    return: (value: R | PromiseLike<R>) => runIn(bound, () => generator.return(value)),
    throw: (error: unknown) => runIn(bound, () => generator.throw(error)),
    [Symbol.asyncIterator]: () => wrapped,
    [Symbol.asyncDispose]: async () => {
      await runIn(bound, () => generator.return(undefined as R));
    },
  };
  return wrapped as AsyncGenerator<T, R, undefined>;
}

const toTraceParent = ({ traceId, spanId, traceFlags }: Place) =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;

/** Where a trace begins: nowhere yet if its first span is going to decide about it; else ids that tie log lines together. */
function createPlace(): Place | undefined {
  if (isTracing()) return undefined;
  return { traceId: createTraceId(), spanId: createSpanId(), traceFlags: TraceFlags.NONE };
}
