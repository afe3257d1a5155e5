import {
  type Attributes,
  type HrTime,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type TraceState,
} from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { type Active, type Place, runIn } from "../active.ts";
import type { SpanAttributes } from "./attributes.ts";
import { createSpanId } from "./ids.ts";
import type { OpenSpan, SpanOptions } from "./span.ts";

/** What every span of a process says of where it comes from. */
export type SpanOrigin = { readonly resource: Resource; readonly instrumentationScope: InstrumentationScope };

/** The trace of a place. */
export type TraceIds = Omit<Place, "spanId" | "isRemote">;

/** What the spans of one trace share in one process. */
export type LocalTrace = TraceIds & {
  /** Whether it goes on after its first span, until the end of a job is told. */
  isOfJob: boolean;
  /** Told of each of them as it ends. */
  take(span: NotedSpan): void;
};

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

const maxEvents = 32;

/** No attribute of ours is longer but a name that a caller chose. */
const maxValueLength = 256;

/**
 * A span that notes what is said of it and no more, for most of them are thrown away: what would cost time is made when it is
 * asked for. An SDK's span checks, copies and counts all it is told, for many times the processor time; only `toReadable`
 * makes that of it. Spans are opened by `openSpan` only, whose attributes are from the registry and need no checks.
 */
export class NotedSpan implements OpenSpan, Place {
  readonly trace: LocalTrace;
  hasFailed = false;
  #spanId: string | undefined;
  #endedMs: number | undefined;
  #toldMs: number | undefined;
  #more: readonly SpanAttributes[] | undefined;
  #events:
    | { readonly name: string; readonly ms: number; readonly attributes: SpanAttributes | undefined }[]
    | undefined;
  readonly #name: string;
  readonly #options: SpanOptions;
  readonly #parent: Place | undefined;
  #facts: Active["facts"];
  readonly #startedMs = performance.now();

  /** `outside` is what it was opened in: its parent's place, and the call it works for. */
  constructor(name: string, options: SpanOptions, trace: LocalTrace, outside: Active) {
    this.trace = trace;
    this.#name = name;
    this.#options = options;
    this.#parent = outside.place;
    this.#facts = outside.facts;
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

  /** Whether its trace came into this process, or began, with it. */
  get isEntry(): boolean {
    return !(this.#parent instanceof NotedSpan);
  }

  /** Whether its trace began with it. */
  get isRoot(): boolean {
    return this.#parent === undefined;
  }

  /** Whether it told of the end of the job that its trace is of. */
  get endsJob(): boolean {
    return this.#toldMs !== undefined;
  }

  /** How long it lasted, or what `set` told of having lasted (a job ends in another span than it began in), in milliseconds. */
  get durationMs(): number {
    return Math.max((this.#endedMs ?? performance.now()) - this.#startedMs, this.#toldMs ?? 0);
  }

  set(attributes: SpanAttributes): void {
    const toldMs = attributes["pixelmesh.job.duration_ms"];
    if (typeof toldMs === "number") this.#toldMs = toldMs;
    // No push: an array that has grown by it keeps room for 17, and spans are held by the thousand.
    this.#more = this.#more === undefined ? [attributes] : [...this.#more, attributes];
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
    return runIn({ place: this, facts: this.#facts }, work);
  }
  end(): void {
    if (this.#endedMs !== undefined) return;
    this.#endedMs = performance.now();
    this.#facts = undefined;
    this.trace.take(this);
  }

  /** The span as exporters read it, as one that was chosen: they take no other. */
  toReadable(origin: SpanOrigin): ReadableSpan {
    const parent = this.#parent;
    const endedMs = this.#endedMs ?? performance.now();
    const own = { ...toSpanContext(this), traceFlags: TraceFlags.SAMPLED };
    return {
      ...origin,
      name: this.#name,
      kind: kinds[this.#options.kind ?? "internal"],
      spanContext: () => own,
      ...(parent ? { parentSpanContext: toSpanContext(parent) } : {}),
      startTime: toHrTime(toUnixMs(this.#startedMs)),
      endTime: toHrTime(toUnixMs(endedMs)),
      duration: toHrTime(endedMs - this.#startedMs),
      status: { code: this.hasFailed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      attributes: toReadableAttributes([this.#options.attributes, ...(this.#more ?? [])]),
      events: (this.#events ?? []).map(({ name, ms, attributes }) => ({
        name,
        time: toHrTime(toUnixMs(ms)),
        attributes: toReadableAttributes([attributes]),
      })),
      links: [],
      ended: true,
      ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
    };
  }
}

function toSpanContext({ traceId, spanId, traceFlags, traceState, isRemote = false }: Place): SpanContext {
  return { traceId, spanId, traceFlags, isRemote, ...(traceState ? { traceState } : {}) };
}

/** Of an attribute that is said twice the later value counts, also where it is none. */
function toReadableAttributes(said: readonly (SpanAttributes | undefined)[]): Attributes {
  const readable: Attributes = {};
  for (const [name, value] of Object.entries(Object.assign({}, ...said) as Attributes)) {
    if (value !== undefined) readable[name] = typeof value === "string" ? value.slice(0, maxValueLength) : value;
  }
  return readable;
}

let clockStartUnixMs = performance.timeOrigin;

/**
 * Milliseconds since 1970 of a reading of `performance.now`, finer than a millisecond. That clock is not corrected while a
 * process runs and drifts by seconds a month, so its start is taken anew once it is out by more than 5 ms.
 */
function toUnixMs(readingMs: number): number {
  const startUnixMs = Date.now() - performance.now();
  if (Math.abs(startUnixMs - clockStartUnixMs) > 5) clockStartUnixMs = startUnixMs;
  return clockStartUnixMs + readingMs;
}

function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
