import {
  type Attributes,
  type HrTime,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  TraceFlags,
} from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";

/** What every span of a process says of where it comes from. */
export type SpanOrigin = { readonly resource: Resource; readonly instrumentationScope: InstrumentationScope };

type Event = ReadableSpan["events"][number];

const maxEvents = 32;

/** No attribute of ours is longer but a name that a caller chose. */
const maxValueLength = 256;

/**
 * A span that notes what is said of it and no more, for most of them are thrown away. An SDK's span checks, copies and counts
 * all it is told, for several times the processor time; only `toReadable` makes that of it. Spans are opened by `openSpan`
 * only, whose attributes are from the registry and need no checks.
 */
export class NotedSpan implements Span {
  readonly traceId: string;
  /** Whether its trace is kept whatever becomes of it. */
  readonly isChosen: boolean;
  hasFailed = false;
  #endMs: number | undefined;
  #attributes: Attributes;
  #events: Event[] | undefined;
  readonly #name: string;
  readonly #kind: SpanKind;
  readonly #context: SpanContext;
  readonly #parent: SpanContext | undefined;
  readonly #startMs = nowMs();
  readonly #onEnd: (span: NotedSpan) => void;

  constructor(
    name: string,
    { kind = SpanKind.INTERNAL, attributes = {} }: SpanOptions,
    ids: SpanContext,
    parent: SpanContext | undefined,
    onEnd: (span: NotedSpan) => void,
  ) {
    this.traceId = ids.traceId;
    this.isChosen = (ids.traceFlags & TraceFlags.SAMPLED) !== 0;
    this.#name = name;
    this.#kind = kind;
    this.#attributes = attributes;
    this.#context = ids;
    this.#parent = parent;
    this.#onEnd = onEnd;
  }

  /** How long it lasted, or what it tells of having lasted (a job ends in another span than it began in), in milliseconds. */
  get durationMs(): number {
    return Math.max(
      (this.#endMs ?? nowMs()) - this.#startMs,
      Number(this.#attributes["pixelmesh.job.duration_ms"] ?? 0),
    );
  }

  spanContext(): SpanContext {
    return this.#context;
  }
  setAttribute(name: string, value: Attributes[string]): this {
    return this.setAttributes({ [name]: value });
  }
  setAttributes(attributes: Attributes): this {
    this.#attributes = { ...this.#attributes, ...attributes };
    return this;
  }
  addEvent(name: string, attributes?: unknown): this {
    this.#events ??= [];
    if (this.#events.length < maxEvents)
      this.#events.push({ name, time: toHrTime(nowMs()), attributes: (attributes ?? {}) as Attributes });
    return this;
  }
  setStatus({ code }: SpanStatus): this {
    this.hasFailed = code === SpanStatusCode.ERROR;
    return this;
  }
  end(): void {
    if (this.#endMs !== undefined) return;
    this.#endMs = nowMs();
    this.#onEnd(this);
  }
  isRecording(): boolean {
    return this.#endMs === undefined;
  }
  // Nothing of ours calls these: spans keep their names, link to none, and never carry the text of an error.
  updateName(): this {
    return this;
  }
  addLink(): this {
    return this;
  }
  addLinks(): this {
    return this;
  }
  recordException(): void {}

  /** The span as exporters read it, as one that was chosen: they take no other. */
  toReadable(origin: SpanOrigin): ReadableSpan {
    const endMs = this.#endMs ?? nowMs();
    return {
      ...origin,
      name: this.#name,
      kind: this.#kind,
      spanContext: () => ({ ...this.#context, traceFlags: TraceFlags.SAMPLED }),
      ...(this.#parent ? { parentSpanContext: this.#parent } : {}),
      startTime: toHrTime(this.#startMs),
      endTime: toHrTime(endMs),
      duration: toHrTime(endMs - this.#startMs),
      status: { code: this.hasFailed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      attributes: toReadableAttributes(this.#attributes),
      events: this.#events ?? [],
      links: [],
      ended: true,
      ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
    };
  }
}

function toReadableAttributes(attributes: Attributes): Attributes {
  const readable: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) readable[name] = typeof value === "string" ? value.slice(0, maxValueLength) : value;
  }
  return readable;
}

/** Milliseconds since 1970, finer than a millisecond. */
const nowMs = (): number => performance.timeOrigin + performance.now();

function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
