import type { Attributes, TraceState } from "@opentelemetry/api";
import { type ActiveContext, runInContext, type TraceContext } from "../active-context.ts";
import type { SpanAttributes } from "./attributes.ts";
import { createSpanId } from "./ids.ts";
import type { OpenSpan, SpanOptions } from "./span.ts";

/** The facts of an ended span, for its export. Times are milliseconds since 1970, with fractions. */
export type SpanFacts = {
  readonly name: string;
  readonly kind: NonNullable<SpanOptions["kind"]>;
  readonly traceId: string;
  readonly spanId: string;
  /** The span or the position that it was opened below; undefined for the root of a trace. */
  readonly parent: TraceContext | undefined;
  readonly startUnixMs: number;
  readonly endUnixMs: number;
  readonly hasFailed: boolean;
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly unixMs: number; readonly attributes: Attributes }[];
};

/** The trace of a position, without the span. */
export type TraceIds = Omit<TraceContext, "spanId" | "isRemote">;

/** State that the spans of one trace share in one process. */
export type LocalTrace = TraceIds & {
  /** Whether the trace continues after its first span, until a span sets the job's duration. */
  isOfJob: boolean;
  /** Called with each span of the trace when it ends. */
  onSpanEnd(span: LightweightSpan): void;
};

const maxEvents = 32;

/** Only names that a caller chose can be longer. */
const maxValueLength = 256;

/**
 * Lightweight span: stores raw attributes, and converts them only on export (`toFacts`). Most spans are dropped, and a span of the SDK
 * checks, copies and counts every attribute, which takes many times the processor time. Spans are opened by `openSpan` only, whose
 * attributes come from the registry and need no checks.
 */
export class LightweightSpan implements OpenSpan, TraceContext {
  readonly trace: LocalTrace;
  hasFailed = false;
  #spanId: string | undefined;
  #endedMs: number | undefined;
  #jobMs: number | undefined;
  #added: readonly SpanAttributes[] | undefined;
  #events:
    | { readonly name: string; readonly ms: number; readonly attributes: SpanAttributes | undefined }[]
    | undefined;
  readonly #name: string;
  readonly #options: SpanOptions;
  readonly #parent: TraceContext | undefined;
  #call: ActiveContext["call"];
  readonly #startedMs = performance.now();

  /** `outside` is the context in which the span is opened: its parent and its call. */
  constructor(name: string, options: SpanOptions, trace: LocalTrace, outside: ActiveContext) {
    this.trace = trace;
    this.#name = name;
    this.#options = options;
    this.#parent = outside.trace;
    this.#call = outside.call;
  }

  get traceId(): string {
    return this.trace.traceId;
  }
  get traceFlags(): number {
    return this.trace.traceFlags;
  }
  get traceState(): TraceState | undefined {
    return this.trace.traceState;
  }
  get spanId(): string {
    this.#spanId ??= createSpanId();
    return this.#spanId;
  }

  /** Whether the trace entered this process, or began, with this span. */
  get isEntry(): boolean {
    return !(this.#parent instanceof LightweightSpan);
  }

  /** Whether the trace began with this span. */
  get isRoot(): boolean {
    return this.#parent === undefined;
  }

  /** Whether the job's duration was set on this span: the job has ended. */
  get endsJob(): boolean {
    return this.#jobMs !== undefined;
  }

  /** Duration in milliseconds: of the span, or of the job if that is longer (a job ends in another span than it began in). */
  get durationMs(): number {
    return Math.max((this.#endedMs ?? performance.now()) - this.#startedMs, this.#jobMs ?? 0);
  }

  set(attributes: SpanAttributes): void {
    const jobMs = attributes["pixelmesh.job.duration_ms"];
    if (typeof jobMs === "number") this.#jobMs = jobMs;
    // A copy, not a push: an array that grew by push reserves 17 entries, and thousands of spans are buffered.
    this.#added = this.#added === undefined ? [attributes] : [...this.#added, attributes];
  }
  event(name: string, attributes?: SpanAttributes): void {
    this.#events ??= [];
    if (this.#events.length < maxEvents) this.#events.push({ name, ms: performance.now(), attributes });
  }
  fail(reason: string): void {
    this.hasFailed = true;
    this.set({ "error.type": reason });
  }
  run<T>(work: () => T): T {
    return runInContext({ trace: this, call: this.#call }, work);
  }
  end(): void {
    if (this.#endedMs !== undefined) return;
    this.#endedMs = performance.now();
    this.#call = undefined;
    this.trace.onSpanEnd(this);
  }

  /** Returns the facts of an ended span. */
  toFacts(): SpanFacts {
    const endedMs = this.#endedMs ?? performance.now();
    const startUnixMs = toUnixMs(this.#startedMs);
    return {
      name: this.#name,
      kind: this.#options.kind ?? "internal",
      traceId: this.traceId,
      spanId: this.spanId,
      parent: this.#parent,
      startUnixMs,
      endUnixMs: startUnixMs + (endedMs - this.#startedMs),
      hasFailed: this.hasFailed,
      attributes: toReadableAttributes([this.#options.attributes, ...(this.#added ?? [])]),
      events: (this.#events ?? []).map(({ name, ms, attributes }) => ({
        name,
        unixMs: startUnixMs + (ms - this.#startedMs),
        attributes: toReadableAttributes([attributes]),
      })),
    };
  }
}

/** Merges attributes. A later value replaces an earlier one, also if it is `undefined`. */
function toReadableAttributes(groups: readonly (SpanAttributes | undefined)[]): Attributes {
  const readable: Attributes = {};
  for (const [name, value] of Object.entries(Object.assign({}, ...groups) as Attributes)) {
    if (value !== undefined) readable[name] = typeof value === "string" ? value.slice(0, maxValueLength) : value;
  }
  return readable;
}

let clockStartUnixMs = performance.timeOrigin;

/**
 * Converts a reading of `performance.now` to milliseconds since 1970, with fractions. That clock is not corrected while a process
 * runs and drifts by seconds a month, so its start is computed again once it is wrong by more than 5 ms.
 */
function toUnixMs(readingMs: number): number {
  const startUnixMs = Date.now() - performance.now();
  if (Math.abs(startUnixMs - clockStartUnixMs) > 5) clockStartUnixMs = startUnixMs;
  return clockStartUnixMs + readingMs;
}
