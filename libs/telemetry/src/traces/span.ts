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
