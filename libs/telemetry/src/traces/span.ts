import type { SpanAttributes } from "./attributes.ts";

/** Kind of a span, and the attributes that are known when it begins. */
export type SpanOptions = {
  readonly kind?: "server" | "client" | "producer" | "consumer" | "internal";
  readonly attributes?: SpanAttributes;
};

/** A span that has not ended. Without tracing its methods do nothing. */
export type SpanHandle = {
  set(attributes: SpanAttributes): void;
  event(name: string, attributes?: SpanAttributes): void;
  /** Marks the span as failed with a reason, so that tail sampling keeps its trace. */
  fail(reason: string): void;
};

/** A span that the caller ends, for streams and generators. */
export type OpenSpan = SpanHandle & {
  /** Runs `work` inside the span. */
  run<T>(work: () => T): T;
  end(): void;
};
