import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { expect, test } from "vitest";
import {
  bindToContext,
  callInfo,
  createLogger,
  createMetrics,
  injectTrace,
  openEntry,
  startMetricsServer,
  startTracing,
  traceIds,
  withCallInfo,
  withExtractedTrace,
  withTrace,
} from "./index.ts";

startTracing();
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** The headers that the running code would send. */
function sentHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  injectTrace((name, value) => {
    headers[name] = value;
  });
  return headers;
}

test.each([
  { traceparent },
  { traceparent: traceparent.replace(/01$/, "00") },
  { traceparent, tracestate: "vendor=a,other=b" },
])(
  "the trace of the headers is passed on, with the state of other tracing systems",
  (headers: Record<string, string>) => {
    expect(withExtractedTrace((name) => headers[name], sentHeaders)).toEqual(headers);
  },
);

test.each(["", "x", traceparent.slice(1), traceparent.replace("0af7651916cd43dd8448eb211c80319c", "0".repeat(32))])(
  "headers without a valid trace begin a new one: %j",
  (broken) => {
    const headers = withExtractedTrace((name) => (name === "traceparent" ? broken : undefined), sentHeaders);
    expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(headers.traceparent).not.toContain("0".repeat(16));
  },
);

test("an entry runs work in the trace of its headers, with its own call facts besides the active ones", async () => {
  const inside = () => ({ ...traceIds(), ...callInfo() });
  const [, traceId, spanId] = traceparent.split("-");
  const entry = withCallInfo({ tenant: "a", deadlineUnixMs: 7 }, () =>
    openEntry((name) => (name === "traceparent" ? traceparent : undefined), undefined, { tenant: "b" }),
  );
  expect(entry.run(inside)).toEqual({ traceId, spanId, tenant: "b", deadlineUnixMs: 7 });
  const bound = entry.bind(
    (async function* () {
      yield inside();
    })(),
  );
  expect((await bound.next()).value).toEqual({ traceId, spanId, tenant: "b", deadlineUnixMs: 7 });
  expect(traceIds()).toEqual({});
});

test("the trace of a program's own OpenTelemetry SDK is passed on", () => {
  expect(sentHeaders()).toEqual({});
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const [, traceId, spanId] = traceparent.split("-") as [string, string, string, string];
  const within = trace.setSpanContext(context.active(), { traceId, spanId, traceFlags: 1 });
  expect(context.with(within, sentHeaders)).toEqual({ traceparent });
  context.disable();
  propagation.disable();
});

test("without headers a new trace begins, and inner work stays in it", () => {
  withExtractedTrace(
    () => undefined,
    () => {
      const outer = traceIds().traceId;
      expect(outer).toMatch(/^[0-9a-f]{32}$/);
      expect(withTrace(() => traceIds().traceId)).toBe(outer);
    },
  );
});

test("a bound generator keeps its context when another context consumes it", async () => {
  const generator = withCallInfo({ tenant: "a" }, () =>
    bindToContext(
      (async function* () {
        yield callInfo().tenant;
      })(),
    ),
  );
  const { value } = await withCallInfo({ tenant: "b" }, () => generator.next());
  expect(value).toBe("a");
});

test("log lines are JSON with trace id, cut texts and no secrets", () => {
  const lines: string[] = [];
  const log = createLogger(
    { service: "x" },
    {
      write: (line) => {
        lines.push(line);
      },
    },
  );
  withTrace(() => log.info({ token: "t", long: "y".repeat(5000) }, "hello"));
  const line = JSON.parse(lines[0] ?? "");
  expect(line).toMatchObject({
    service: "x",
    level: "info",
    msg: "hello",
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(line.token).toBeUndefined();
  expect(line.long.length).toBeLessThan(2100);
});

test("the metrics page shows counted values", async () => {
  const metrics = createMetrics("x", "1.2.3");
  metrics.count("pixelmesh_jobs_submitted_total", { pipeline: "upscale", priority: "batch" }, 3);
  const server = await startMetricsServer(metrics, { host: "127.0.0.1", port: 0 });
  const read = async (accept: string) => (await fetch(server.url, { headers: { accept } })).text();
  const observe = () => metrics.observe("pixelmesh_queue_wait_seconds", { queue: "upscale", priority: "batch" }, 0.02);
  const kept = "0af7651916cd43dd8448eb211c80319c";
  withExtractedTrace((name) => (name === "traceparent" ? `00-${kept}-b7ad6b7169203331-01` : undefined), observe);
  // A trace that is not kept must not become an exemplar.
  withTrace(observe);
  const [plain, open] = [await read("text/plain"), await read("application/openmetrics-text; version=1.0.0")];
  await server.close();
  for (const page of [plain, open]) {
    expect(page).toContain('pixelmesh_jobs_submitted_total{pipeline="upscale",priority="batch"} 3');
    expect(page).toContain('pixelmesh_build_info{service="x",version="1.2.3"');
  }
  expect(plain).toContain("# TYPE pixelmesh_jobs_submitted_total counter");
  expect(plain).not.toContain("trace_id");
  expect(open).toMatch(
    /queue_wait_seconds_bucket\{le="0.05",queue="upscale",priority="batch"\} 2 # \{trace_id="[0-9a-f]{32}"\} 0.02/,
  );
  expect(open).toContain(`trace_id="${kept}"`);
  expect(open.endsWith("# EOF\n")).toBe(true);
});

test("the series that a role exports exist from the start, at zero", async () => {
  const { text } = await createMetrics("ingest", "1").page();
  expect(text).toContain('pixelmesh_jobs_finished_total{pipeline="effects",outcome="dead_lettered"} 0');
  expect(text).toContain('pixelmesh_job_duration_seconds_bucket{le="30",pipeline="upscale",outcome="succeeded"} 0');
  expect((await createMetrics("storage", "1").page()).text).not.toContain("pixelmesh_jobs_finished_total");
});
