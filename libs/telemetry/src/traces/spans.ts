import { type ActiveContext, activeContext } from "../active-context.ts";
import type { Tracer } from "./create-tracer.ts";
import { LightweightSpan } from "./lightweight-span.ts";
import type { OpenSpan, SpanHandle, SpanOptions } from "./span.ts";

let tracer: Tracer | undefined;

/** Sets the tracer that opens all later spans. `undefined` turns tracing off. */
export function setTracer(next: Tracer | undefined): void {
  tracer = next;
}

/** Whether this process opens spans. */
export const isTracing = (): boolean => tracer !== undefined;

/** A span that does nothing, for work that is not traced. */
export const noSpan: OpenSpan = { set() {}, event() {}, fail() {}, run: (work) => work(), end() {} };

/** The active span, for code without a span of its own. */
export function activeSpan(): SpanHandle {
  const { trace } = activeContext();
  return trace instanceof LightweightSpan ? trace : noSpan;
}

/** Opens a span below the active one, or below that of `within`. */
export function openSpan(name: string, options: SpanOptions = {}, within?: ActiveContext): OpenSpan {
  return tracer === undefined ? noSpan : tracer.open(name, options, within ?? activeContext());
}

/** Runs `work` in a new span that ends with it. If `work` throws, the span is marked as failed. */
export async function withSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: SpanHandle) => Promise<T>,
): Promise<T> {
  if (tracer === undefined) return work(noSpan);
  const span = openSpan(name, options);
  try {
    return await span.run(() => work(span));
  } catch (error) {
    span.fail(reasonOf(error));
    throw error;
  } finally {
    span.end();
  }
}

/** The `error.type` of a thrown value: the reason of an AppError, else the name of the error. Never its message. */
function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "unknown";
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  return "name" in error && typeof error.name === "string" ? error.name : "unknown";
}
