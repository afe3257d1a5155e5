import { context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { SpanAttributes } from "./attributes.ts";

/** What a span is of, and what is known of it when it begins. */
export type SpanOptions = {
  readonly kind?: "server" | "client" | "producer" | "consumer" | "internal";
  readonly attributes?: SpanAttributes;
};

/** A span while it lasts. Where nothing is traced, all of it does nothing. */
export type SpanHandle = {
  set(attributes: SpanAttributes): void;
  event(name: string, attributes?: SpanAttributes): void;
  /** Marks the span, and with it its trace, as one to be kept: `reason` is what went wrong. */
  fail(reason: string): void;
};

/** A span that is opened and ended by hand, for streams and generators. */
export type OpenSpan = SpanHandle & {
  /** Runs `work` inside the span. */
  run<T>(work: () => T): T;
  end(): void;
};

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

let tracer: Pick<Tracer, "startSpan"> | undefined;

/** Spans are made by this tracer from now on; by none where it is undefined. */
export function setTracer(next: typeof tracer): void {
  tracer = next;
}

/** Whether spans are made in this process. */
export const isTracing = (): boolean => tracer !== undefined;

/** The span of what is not traced. */
export const noSpan: OpenSpan = { set() {}, event() {}, fail() {}, run: (work) => work(), end() {} };

/** The span that is active, for what has no span of its own to say. */
export function activeSpan(): SpanHandle {
  const span = tracer === undefined ? undefined : trace.getActiveSpan();
  return span === undefined ? noSpan : handleOf(span);
}

/** Opens a span below the one that is active. */
export function openSpan(name: string, { kind = "internal", attributes = {} }: SpanOptions = {}): OpenSpan {
  if (tracer === undefined) return noSpan;
  const span = tracer.startSpan(name, { kind: kinds[kind], attributes });
  const inside = trace.setSpan(context.active(), span);
  return { ...handleOf(span), run: (work) => context.with(inside, work), end: () => span.end() };
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

function handleOf(span: Span): SpanHandle {
  return {
    set: (attributes) => void span.setAttributes(attributes),
    event: (name, attributes) => void span.addEvent(name, attributes),
    fail(reason) {
      span.setAttribute("error.type", reason);
      span.setStatus({ code: SpanStatusCode.ERROR });
    },
  };
}
