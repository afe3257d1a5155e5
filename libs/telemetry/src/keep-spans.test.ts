import { context, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import {
  createAlwaysRecordSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { expect, test } from "vitest";
import { createKeepingProcessor, defaultKeepOptions } from "./keep-spans.ts";

/** A tracer of which chance chooses the given share, and the names of what it exported. */
function createTestTracer(ratio: number, options: Partial<typeof defaultKeepOptions> = {}) {
  const exporter = new InMemorySpanExporter();
  const processor = createKeepingProcessor(new SimpleSpanProcessor({ exporter }), {
    ...defaultKeepOptions,
    ...options,
  });
  const sampler = createAlwaysRecordSampler(new TraceIdRatioBasedSampler(ratio));
  const tracer = new TracerProvider({ sampler, spanProcessors: [processor] }).getTracer("test");
  const start = (name: string, parent?: ReturnType<typeof tracer.startSpan>) =>
    tracer.startSpan(name, {}, parent ? trace.setSpan(context.active(), parent) : context.active());
  return { start, names: () => exporter.getFinishedSpans().map(({ name }) => name), exporter };
}

test("what chance has chosen is handed on, the rest is not", () => {
  const all = createTestTracer(1);
  all.start("a").end();
  expect(all.names()).toEqual(["a"]);
  const none = createTestTracer(0);
  none.start("a").end();
  expect(none.names()).toEqual([]);
});

test("a failure brings its whole trace, what ended before it and what ends after it, and no other", () => {
  const { start, names, exporter } = createTestTracer(0);
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

test("a slow span brings its trace", () => {
  const { start, names } = createTestTracer(0, { slowMs: 1_000 });
  const begin = Date.now();
  const slow = start("slow");
  slow.end(begin + 5_000);
  const quick = start("quick");
  quick.end();
  expect(names()).toEqual(["slow"]);
});

test("what is held is bounded: the oldest traces go, and spans beyond the bound of a trace", () => {
  const { start, names } = createTestTracer(0, { maxTraces: 2, maxSpansPerTrace: 3 });
  const roots = ["a", "b", "c"].map((name) => start(name));
  for (const [at, root] of roots.entries()) for (let child = 0; child < 5; child++) start(`${at}.${child}`, root).end();
  for (const root of roots) {
    root.setStatus({ code: SpanStatusCode.ERROR });
    root.end();
  }
  expect(names().filter((name) => name.startsWith("0."))).toEqual([]);
  expect(names().filter((name) => name.startsWith("2."))).toEqual(["2.0", "2.1", "2.2"]);
});
