import { type Active, active } from "../active.ts";
import type { Tracer } from "./create-tracer.ts";
import { NotedSpan } from "./noted-span.ts";
import type { OpenSpan, SpanHandle, SpanOptions } from "./span.ts";

let tracer: Tracer | undefined;

/** Spans are made by this tracer from now on; by none where it is undefined. */
export function setTracer(next: Tracer | undefined): void {
  tracer = next;
}

/** Whether spans are made in this process. */
export const isTracing = (): boolean => tracer !== undefined;

/** The span of what is not traced. */
export const noSpan: OpenSpan = { set() {}, event() {}, fail() {}, run: (work) => work(), end() {} };

/** The span that is active, for what has no span of its own to say. */
export function activeSpan(): SpanHandle {
  const { place } = active();
  return place instanceof NotedSpan ? place : noSpan;
}

/** Opens a span below the one that is active, or below that of `within`. */
export function openSpan(name: string, options: SpanOptions = {}, within?: Active): OpenSpan {
  return tracer === undefined ? noSpan : tracer.open(name, options, within ?? active());
}

/** Runs `work` in a span of its own, which ends with it; what it throws marks the span. */
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

/** What was thrown, as spans name it: the reason of ours, else the name of the error. Never its text. */
function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "unknown";
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  return "name" in error && typeof error.name === "string" ? error.name : "unknown";
}
