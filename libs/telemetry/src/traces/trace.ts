import {
  type ActiveContext,
  activeContext,
  type CallInfo,
  runInContext,
  type TraceContext,
} from "../active-context.ts";
import { createSpanId, createTraceId } from "./ids.ts";
import { LightweightSpan } from "./lightweight-span.ts";
import type { OpenSpan, SpanOptions } from "./span.ts";
import { isTracing, noSpan, openSpan } from "./spans.ts";
import { injectForeignTrace, parseTraceParent, toTraceState, traceFlags } from "./trace-headers.ts";

/** Trace and span id of the running code, for log lines; empty outside of a trace. */
export function traceIds(): { traceId?: string; spanId?: string } {
  const { trace } = activeContext();
  return trace ? { traceId: trace.traceId, spanId: trace.spanId } : {};
}

/** Id of the running trace if head sampling keeps it, else `undefined`: only a kept trace can be looked up later. */
export function sampledTraceId(): string | undefined {
  const { trace } = activeContext();
  return trace && trace.traceFlags & traceFlags.sampled ? trace.traceId : undefined;
}

/**
 * Calls `set` with the headers (`traceparent`, `tracestate`) that carry a span to another process, or the running trace if no span is
 * given. Outside of a trace of ours it carries the trace of the program's own OpenTelemetry SDK, which users of the client may have.
 */
export function injectTrace(set: (name: string, value: string) => void, span?: OpenSpan): void {
  const from = span instanceof LightweightSpan ? span : activeContext().trace;
  if (!from) {
    injectForeignTrace(set);
    return;
  }
  set("traceparent", toTraceParent(from));
  if (from.traceState) set("tracestate", from.traceState.serialize());
}

/** Returns the `traceparent` for the work on a job that the running trace created; empty outside of a trace. The trace then continues until a span sets the job's duration. */
export function openJobTrace(): string {
  const { trace } = activeContext();
  if (trace instanceof LightweightSpan) trace.trace.isOfJob = true;
  return trace ? toTraceParent(trace) : "";
}

/** Returns a header of the incoming call or message, by its name in lower case. */
export type GetHeader = (name: string) => string | undefined;

/** Runs `work` in the trace that the headers name, or in a new one if they name none. */
export function withExtractedTrace<T>(get: GetHeader, work: () => T): T {
  return runInContext(extract(get, activeContext().call), work);
}

/** The point where a trace enters this process, with its span if there is one. */
export type Entry = {
  readonly span: OpenSpan;
  /** Runs `work` in the span, or in the trace if there is no span. */
  run<T>(work: () => T): T;
  /** As `bindToContext`, for the context of `run`. */
  bind<T, R>(generator: AsyncGenerator<T, R, undefined>): AsyncGenerator<T, R, undefined>;
};

/**
 * Enters the trace that the headers name, or a new one. Opens a span in it if `open` is given. `info` is added to the facts of the
 * active call.
 */
export function openEntry(
  get: GetHeader,
  open?: { readonly name: string; readonly options: SpanOptions },
  info?: CallInfo,
): Entry {
  const known = activeContext().call;
  const outside = extract(get, info ? { ...known, ...info } : known);
  const span = open ? openSpan(open.name, open.options, outside) : noSpan;
  // One context for trace, span and call, because entering a context costs time.
  const inside = span instanceof LightweightSpan ? { trace: span, call: outside.call } : outside;
  return { span, run: (work) => runInContext(inside, work), bind: (generator) => bindTo(inside, generator) };
}

/** The context of these headers. Only the trace comes from the wire; deadline and tenant of the active call stay. */
function extract(get: GetHeader, call: CallInfo | undefined): ActiveContext {
  const parent = parseTraceParent(get("traceparent") ?? "");
  if (!parent) return { trace: createTraceContext(), call };
  const state = get("tracestate");
  return { trace: { ...parent, isRemote: true, ...(state ? { traceState: toTraceState(state) } : {}) }, call };
}

/** Runs `work` in the running trace, or in a new one if there is none, so that its log lines share a trace id. */
export function withTrace<T>(work: () => T): T {
  return activeContext().trace ? work() : runInContext({ ...activeContext(), trace: createTraceContext() }, work);
}

/** Returns a generator whose steps run in the context that is active now. Otherwise they run in the context of their consumer. */
export function bindToContext<T, R>(generator: AsyncGenerator<T, R, undefined>): AsyncGenerator<T, R, undefined> {
  return bindTo(activeContext(), generator);
}

function bindTo<T, R>(
  bound: ActiveContext,
  generator: AsyncGenerator<T, R, undefined>,
): AsyncGenerator<T, R, undefined> {
  const wrapped = {
    next: () => runInContext(bound, () => generator.next()),
    return: (value: R | PromiseLike<R>) => runInContext(bound, () => generator.return(value)),
    throw: (error: unknown) => runInContext(bound, () => generator.throw(error)),
    [Symbol.asyncIterator]: () => wrapped,
    [Symbol.asyncDispose]: async () => {
      await runInContext(bound, () => generator.return(undefined as R));
    },
  };
  return wrapped as AsyncGenerator<T, R, undefined>;
}

const toTraceParent = ({ traceId, spanId, traceFlags: flags }: TraceContext) =>
  `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;

/** A new trace. With tracing `undefined`, because the first span creates it; without tracing new ids, which connect log lines. */
function createTraceContext(): TraceContext | undefined {
  if (isTracing()) return undefined;
  return { traceId: createTraceId(), spanId: createSpanId(), traceFlags: traceFlags.none };
}
