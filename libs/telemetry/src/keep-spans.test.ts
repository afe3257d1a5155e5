import { context, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  RandomIdGenerator,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { expect, test, vi } from "vitest";
import { createSpanHolder, defaultKeepOptions } from "./keep-spans.ts";
import type { NotedSpan } from "./noted-span.ts";
import { createNotingTracer } from "./noting-tracer.ts";

/** A tracer all or none of whose traces are chosen, and the names of what it exported. */
function createTestTracer(chosen: boolean, options: Partial<typeof defaultKeepOptions> = {}) {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor({ exporter });
  const origin = {
    resource: resourceFromAttributes({ "service.name": "test" }),
    instrumentationScope: { name: "test" },
  };
  const send = (span: NotedSpan) => processor.onEnd(span.toReadable(origin));
  const hold = createSpanHolder(send, { ...defaultKeepOptions, ...options });
  const tracer = createNotingTracer({
    ids: new RandomIdGenerator(),
    choose: () => chosen,
    onEnd: (span) => (span.isChosen ? send(span) : hold(span)),
  });
  const start = (name: string, parent?: ReturnType<typeof tracer.startSpan>) =>
    tracer.startSpan(name, {}, parent ? trace.setSpan(context.active(), parent) : context.active());
  return { start, tracer, names: () => exporter.getFinishedSpans().map(({ name }) => name), exporter };
}

test("what is chosen is handed on, the rest is not", () => {
  const all = createTestTracer(true);
  all.start("a").end();
  expect(all.names()).toEqual(["a"]);
  const none = createTestTracer(false);
  none.start("a").end();
  expect(none.names()).toEqual([]);
});

test("a failure brings its whole trace, what ended before it and what ends after it, and no other", () => {
  const { start, names, exporter } = createTestTracer(false);
  start("stranger").end();
  const root = start("root");
  start("early", root).end();
  const failing = start("failing", root);
  failing.setStatus({ code: SpanStatusCode.ERROR });
  failing.end();
  start("late", root).end();
  root.end();
  expect(names()).toEqual(["early", "failing", "late", "root"]);
  const spans = exporter.getFinishedSpans();
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  expect(spans.every((span) => span.spanContext().traceFlags & TraceFlags.SAMPLED)).toBe(true);
});

test("a slow span brings its trace, and so does one that tells of a slow job", () => {
  const { start, names } = createTestTracer(false, { slowMs: 1_000 });
  const root = start("root");
  start("early", root).end();
  start("quick").end();
  vi.spyOn(performance, "now").mockReturnValue(performance.now() + 5_000);
  root.end();
  vi.restoreAllMocks();
  start("end job").setAttribute("pixelmesh.job.duration_ms", 2_000).end();
  expect(names()).toEqual(["early", "root", "end job"]);
});

test("a span says what one of the SDK would say, whether its trace was chosen or kept for its failure", () => {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const spanLimits = { attributeValueLengthLimit: 256 };
  const provider = new TracerProvider({ sampler: new AlwaysOnSampler(), spanLimits, spanProcessors });
  const ofSdk = { tracer: provider.getTracer("test"), exporter };
  const all = [ofSdk, createTestTracer(true), createTestTracer(false)];
  const [sdkSpan, ...spans] = all.map(({ tracer, exporter }, at) => {
    const parent = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
    const flags = at === 2 ? TraceFlags.NONE : TraceFlags.SAMPLED;
    const within = trace.setSpanContext(context.active(), { ...parent, traceFlags: flags });
    const span = tracer.startSpan("work", { kind: 2, attributes: { "pixelmesh.tiles": 3 } }, within);
    span.setAttributes({ "pixelmesh.tile_px": 64, "pixelmesh.stage": undefined, "pixelmesh.name": "n".repeat(300) });
    span.addEvent("tile", { "pixelmesh.tiles": 1 });
    span.setStatus({ code: SpanStatusCode.ERROR });
    expect(span.isRecording()).toBe(true);
    span.end();
    expect(span.isRecording()).toBe(false);
    const [said] = exporter.getFinishedSpans();
    expect(said?.spanContext()).toMatchObject({ traceId: parent.traceId, traceFlags: TraceFlags.SAMPLED });
    expect(said?.parentSpanContext).toMatchObject(parent);
    for (const [seconds] of [said?.startTime, said?.endTime, said?.events[0]?.time] as [number, number][])
      expect(Math.abs(seconds - Date.now() / 1_000)).toBeLessThan(60);
    return said;
  });
  const plain = ({ name, kind, attributes, status, ended, links, events }: NonNullable<typeof sdkSpan>) => ({
    ...{ name, kind, attributes, status, ended, links },
    events: events.map((event) => [event.name, event.attributes]),
  });
  expect(spans.length).toBe(2);
  for (const span of spans)
    expect(plain(span as NonNullable<typeof span>)).toEqual(plain(sdkSpan as NonNullable<typeof span>));
});

test("what is held is bounded: the oldest traces go, and spans beyond the bound of a trace", () => {
  const { start, names } = createTestTracer(false, { maxTraces: 2, maxSpansPerTrace: 3 });
  const roots = ["a", "b", "c"].map((name) => start(name));
  for (const [at, root] of roots.entries()) for (let child = 0; child < 5; child++) start(`${at}.${child}`, root).end();
  for (const root of roots) {
    root.setStatus({ code: SpanStatusCode.ERROR });
    root.end();
  }
  expect(names().filter((name) => name.startsWith("0."))).toEqual([]);
  expect(names().filter((name) => name.startsWith("2."))).toEqual(["2.0", "2.1", "2.2"]);
});
