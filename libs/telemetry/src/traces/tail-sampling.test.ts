import { context, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";
import { AlwaysOnSampler, InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { expect, test, vi } from "vitest";
import type { ActiveContext } from "../active-context.ts";
import { createTracer } from "./create-tracer.ts";
import type { LightweightSpan } from "./lightweight-span.ts";
import { createSpanReplay } from "./replay-span.ts";
import { createTailSampler, defaultTailSamplingOptions } from "./tail-sampling.ts";

/** Creates a tracer whose head sampling keeps all traces or none. `names` returns the names of the exported spans. */
function createTestTracer(isSampled: boolean, options: Partial<typeof defaultTailSamplingOptions> = {}) {
  const exporter = new InMemorySpanExporter();
  const { replay, ...parts } = createSpanReplay();
  const provider = new TracerProvider({ ...parts, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const sdkTracer = provider.getTracer("test");
  const exportSpan = (span: LightweightSpan) => replay(sdkTracer, span.toFacts());
  const tailSampler = createTailSampler(exportSpan, { ...defaultTailSamplingOptions, ...options });
  const headSampler = { followsCaller: true, hasTail: true, sample: () => isSampled };
  const tracer = createTracer({ headSampler, tailSampler });
  const start = (name: string, trace?: ActiveContext["trace"]) => tracer.open(name, {}, { trace });
  return { start, tracer, names: () => exporter.getFinishedSpans().map(({ name }) => name), exporter };
}

/** The position of a span as another process or a later call sends it. */
const fromWire = ({ traceId, spanId, traceFlags }: LightweightSpan) => ({
  traceId,
  spanId,
  traceFlags,
  isRemote: true,
});

test("head-sampled traces are exported, others are not", () => {
  const all = createTestTracer(true);
  all.start("a").end();
  expect(all.names()).toEqual(["a"]);
  const none = createTestTracer(false);
  none.start("a").end();
  expect(none.names()).toEqual([]);
});

test("a failure exports the earlier and later spans of its trace, and no other trace", () => {
  const { start, names, exporter } = createTestTracer(false);
  start("stranger").end();
  const root = start("root");
  start("early", root).end();
  const failing = start("failing", root);
  failing.fail("INTERNAL");
  failing.end();
  start("late", root).end();
  root.end();
  expect(names()).toEqual(["early", "failing", "late", "root"]);
  const spans = exporter.getFinishedSpans();
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  expect(new Set(spans.map((span) => span.spanContext().spanId)).size).toBe(4);
  expect(spans.every((span) => span.spanContext().traceFlags & TraceFlags.SAMPLED)).toBe(true);
  for (const { name, parentSpanContext } of spans)
    expect(parentSpanContext?.spanId).toBe(name === "root" ? undefined : root.spanId);
});

test("work that re-enters the process where a job's trace began belongs to that trace, before and after a failure", () => {
  const { start, names } = createTestTracer(false);
  const first = start("first");
  first.trace.isOfJob = true;
  start("early", first).end();
  first.end();
  const second = start("second", fromWire(first));
  second.fail("INTERNAL");
  second.end();
  start("third", fromWire(first)).end();
  expect(names()).toEqual(["early", "first", "second", "third"]);
});

test("a trace that began here is buffered beyond its first span if it is of a job, until the job's duration is set", () => {
  const { start, names } = createTestTracer(false);
  const [call, created, ended] = ["call", "created", "ended"].map((name) => {
    const root = start(name);
    start(`${name}.child`, root).end();
    root.trace.isOfJob = name !== "call";
    root.end();
    return root;
  }) as [LightweightSpan, LightweightSpan, LightweightSpan];
  const end = start("end job", fromWire(ended));
  end.set({ "pixelmesh.job.duration_ms": 0 });
  end.end();
  for (const root of [call, created, ended]) {
    const failing = start("failing", fromWire(root));
    failing.fail("INTERNAL");
    failing.end();
  }
  expect(names()).toEqual(["failing", "created.child", "created", "failing", "failing"]);
});

test("of a trace that began elsewhere, work that ended well is dropped, and failed work and all later work is exported", () => {
  const { start, names } = createTestTracer(false);
  const remote = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 0 };
  const well = start("well", remote);
  start("well.child", well).end();
  well.end();
  const beside = start("beside", remote);
  const failing = start("failing", remote);
  start("failing.child", failing).end();
  failing.fail("INTERNAL");
  failing.end();
  const later = start("later", remote);
  start("later.child", later).end();
  later.end();
  beside.end();
  expect(names()).toEqual(["failing.child", "failing", "later.child", "later", "beside"]);
});

test("a slow span exports its trace, and so does the end of a slow job", () => {
  const { start, names } = createTestTracer(false, { slowMs: 1_000 });
  const root = start("root");
  start("early", root).end();
  start("quick").end();
  vi.spyOn(performance, "now").mockReturnValue(performance.now() + 5_000);
  root.end();
  vi.restoreAllMocks();
  const ends = start("end job");
  ends.set({ "pixelmesh.job.duration_ms": 2_000 });
  ends.end();
  expect(names()).toEqual(["early", "root", "end job"]);
});

test("an exported span equals one of the SDK, with head sampling and with tail sampling", () => {
  const parent = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", isRemote: true };
  const traceState = new TraceState("vendor=1");
  const attributes = { "pixelmesh.tiles": 3 };
  const later = { "pixelmesh.tile_px": 64, "pixelmesh.operation": undefined, "pixelmesh.model.name": "n".repeat(300) };

  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  const spanLimits = { attributeValueLengthLimit: 256 };
  const provider = new TracerProvider({ sampler: new AlwaysOnSampler(), spanLimits, spanProcessors });
  const within = trace.setSpanContext(context.active(), { ...parent, traceState, traceFlags: TraceFlags.SAMPLED });
  const ofSdk = provider.getTracer("test").startSpan("work", { kind: 2, attributes }, within);
  ofSdk.setAttributes({ ...later, "error.type": "INTERNAL" });
  ofSdk.addEvent("tile", { "pixelmesh.tiles": 1 });
  ofSdk.setStatus({ code: SpanStatusCode.ERROR });
  ofSdk.end();

  const exported = [true, false].map((isSampled) => {
    const { tracer, exporter } = createTestTracer(isSampled);
    const remote = { ...parent, traceState, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE };
    const span = tracer.open("work", { kind: "client", attributes }, { trace: remote });
    span.set(later);
    span.event("tile", { "pixelmesh.tiles": 1 });
    span.fail("INTERNAL");
    span.end();
    span.end();
    expect(exporter.getFinishedSpans().length).toBe(1);
    return exporter.getFinishedSpans()[0];
  });
  const plain = (span: (typeof exported)[number]) => {
    const { name, kind, status, ended, links, attributes, events, parentSpanContext } = span as NonNullable<
      typeof span
    >;
    const { traceFlags, traceState, traceId, spanId } = span?.spanContext() ?? {};
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    return {
      name,
      kind,
      status,
      ended,
      links,
      attributes,
      traceFlags,
      traceId,
      state: [traceState?.serialize(), parentSpanContext?.traceState?.serialize()],
      parent: [parentSpanContext?.spanId, parentSpanContext?.traceId, parentSpanContext?.isRemote],
      events: events.map((event) => [event.name, event.attributes]),
    };
  };
  for (const span of exported) {
    expect(plain(span)).toEqual(plain(exporter.getFinishedSpans()[0]));
    for (const [seconds] of [span?.startTime, span?.endTime, span?.events[0]?.time] as [number, number][])
      expect(Math.abs(seconds - Date.now() / 1_000)).toBeLessThan(60);
  }
});

test("times follow the wall clock when it is set while the process runs", () => {
  const { start, exporter } = createTestTracer(true);
  const aheadMs = 3_600_000;
  const now = Date.now();
  vi.spyOn(Date, "now").mockReturnValue(now + aheadMs);
  start("a").end();
  vi.restoreAllMocks();
  start("b").end();
  const [a, b] = exporter.getFinishedSpans().map(({ startTime }) => startTime[0]);
  expect(Math.abs((a as number) - (now + aheadMs) / 1_000)).toBeLessThan(60);
  expect(Math.abs((b as number) - now / 1_000)).toBeLessThan(60);
});

test("the buffer is bounded: the oldest traces are dropped, and spans beyond the limit of a trace", () => {
  const { start, names } = createTestTracer(false, { maxTraces: 2, maxSpansPerTrace: 3 });
  const roots = ["a", "b", "c"].map((name) => start(name));
  for (const [at, root] of roots.entries()) for (let child = 0; child < 5; child++) start(`${at}.${child}`, root).end();
  for (const root of roots) {
    root.fail("INTERNAL");
    root.end();
  }
  expect(names().filter((name) => name.startsWith("0."))).toEqual([]);
  expect(names().filter((name) => name.startsWith("2."))).toEqual(["2.0", "2.1", "2.2"]);
  expect(names().filter((name) => name.length === 1)).toEqual(["a", "b", "c"]);
});
