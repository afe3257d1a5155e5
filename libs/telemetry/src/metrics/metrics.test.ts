import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import { expect, test, vi } from "vitest";
import { runIn } from "../active.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { metricDefinitions } from "./names.ts";

const openMetrics = "application/openmetrics-text; version=1.0.0";
const traceId = "0af7651916cd43dd8448eb211c80319c";

/** The lines about some metrics, in order: series of one metric may come in any. */
const linesOf = (text: string, names: readonly string[]) =>
  text
    .split("\n")
    .filter((line) => names.some((name) => line.includes(name.replace(/_total$/, ""))))
    .sort();

test("a page has what prom-client's own counters, gauges and histograms would say of the same values", async () => {
  vi.useFakeTimers({ now: 1_700_000_000_123 });
  const metrics = createMetrics("storage", "1");
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const of = (name: keyof typeof metricDefinitions) => {
    const { help, labels } = metricDefinitions[name];
    return { name, help, labelNames: Object.keys(labels), registers: [registry] };
  };
  const counter = new Counter(of("pixelmesh_jobs_submitted_total"));
  const gauge = new Gauge(of("pixelmesh_device_memory_bytes"));
  const buckets = [...metricDefinitions.pixelmesh_queue_wait_seconds.buckets];
  const histogram = new Histogram({ ...of("pixelmesh_queue_wait_seconds"), buckets, enableExemplars: true });

  const countBatch = metrics.countBy("pixelmesh_jobs_submitted_total", (pipeline: string) => ({
    pipeline,
    priority: "batch",
  }));
  for (const [priority, by] of [
    ["batch", 2],
    ["interactive", 1],
    ["batch", 0.5],
    ["batch", 3],
  ] as const) {
    if (priority === "batch" && by !== 2) countBatch("upscale", by);
    else metrics.count("pixelmesh_jobs_submitted_total", { pipeline: "upscale", priority }, by);
    counter.inc({ pipeline: "upscale", priority }, by);
  }
  for (const [device, bytes] of [
    ['gpu "0"\\\n', 5],
    ["cpu", -1],
    ["cpu", 7],
  ] as const) {
    metrics.set("pixelmesh_device_memory_bytes", { device, kind: "total" }, bytes);
    gauge.set({ device, kind: "total" }, bytes);
  }
  const observeWait = metrics.observeBy("pixelmesh_queue_wait_seconds", (queue: string) => ({ queue }));
  // On an edge, below the first, between two, beyond the last.
  for (const [queue, value, kept] of [
    ["upscale", 0.01, true],
    ["effects", 0, false],
    ["upscale", 7, true],
    ["upscale", 8, false],
    ["upscale", 1e6, true],
  ] as const) {
    const place = { traceId, spanId: "b7ad6b7169203331", traceFlags: kept ? 1 : 0 };
    runIn({ place }, () =>
      value < 8 ? metrics.observe("pixelmesh_queue_wait_seconds", { queue }, value) : observeWait(queue, value),
    );
    histogram.observe({ labels: { queue }, value, exemplarLabels: kept ? { trace_id: traceId } : {} });
  }

  const names = ["pixelmesh_jobs_submitted_total", "pixelmesh_device_memory_bytes", "pixelmesh_queue_wait_seconds"];
  const said = linesOf((await metrics.page(openMetrics)).text, names);
  expect(said).toEqual(linesOf(await registry.metrics(), names));
  expect(said.filter((line) => line.includes("trace_id")).length).toBe(3);
  vi.useRealTimers();
});

test("labels in another order are the same series, and the caller may change what it gave", async () => {
  const metrics = createMetrics("storage", "1");
  const labels = { pipeline: "upscale", priority: "batch" };
  metrics.count("pixelmesh_jobs_submitted_total", labels);
  labels.priority = "interactive";
  metrics.count("pixelmesh_jobs_submitted_total", { priority: "batch", pipeline: "upscale" });
  const { text } = await metrics.page();
  expect(text).toContain('pixelmesh_jobs_submitted_total{pipeline="upscale",priority="batch"} 2');
  expect(text).not.toContain('priority="interactive"');
});

test("a key has its own series, which is there from its first use", async () => {
  const metrics = createMetrics("storage", "1");
  const countWrite = metrics.countBy("pixelmesh_durable_writes_total", (what: string) => ({ what }));
  expect((await metrics.page()).text).not.toContain("pixelmesh_durable_writes_total{");
  for (const what of ["put a", "put b", "put a"]) countWrite(what);
  const { text } = await metrics.page();
  expect(text).toContain('pixelmesh_durable_writes_total{what="put a"} 2');
  expect(text).toContain('pixelmesh_durable_writes_total{what="put b"} 1');
});

test.each<(metrics: Metrics, value: number) => void>([
  (metrics, value) => metrics.count("pixelmesh_nats_reconnects_total", {}, value),
  (metrics, value) => metrics.set("pixelmesh_open_jobs", {}, value),
  (metrics, value) => metrics.observe("pixelmesh_input_bytes", {}, value),
])("what is no finite number is refused and changes nothing (%#)", async (record) => {
  const metrics = createMetrics("ingest", "1");
  const before = linesOf((await metrics.page()).text, ["nats_reconnects", "open_jobs", "input_bytes"]);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => record(metrics, value)).toThrow(TypeError);
  expect(() => metrics.count("pixelmesh_nats_reconnects_total", {}, -1)).toThrow(TypeError);
  expect(linesOf((await metrics.page()).text, ["nats_reconnects", "open_jobs", "input_bytes"])).toEqual(before);
});

test("the event loop is late by nothing while it is free, and by as long as it is held up", async () => {
  const metrics = createMetrics("storage", "1");
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const readLag = async (name: string) => {
    const { text } = await metrics.page();
    return Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, "m").exec(text)?.[1]);
  };
  await pause(400);
  expect(await readLag("p50")).toBeLessThan(0.03);
  await pause(100);
  for (const end = performance.now() + 500; performance.now() < end; );
  await pause(100);
  const max = await readLag("max");
  expect(max).toBeGreaterThan(0.4);
  expect(max).toBeLessThan(1.5);
});

test("a gauge that is set as a whole has exactly those series, as a gauge of prom-client that was reset", async () => {
  const metrics = createMetrics("scheduler", "1");
  const registry = new Registry();
  const gauge = new Gauge({
    name: "pixelmesh_device_zone",
    help: metricDefinitions.pixelmesh_device_zone.help,
    labelNames: ["device"],
    registers: [registry],
  });
  for (const devices of [{ "gpu-0": 1, "gpu-1": 2 }, { "gpu-1": 0 }, { "gpu-1": 0, "gpu-2": 2 }, {}]) {
    const rows = Object.entries(devices).map(([device, value]) => ({ labels: { device }, value }));
    metrics.setAll("pixelmesh_device_zone", rows);
    gauge.reset();
    for (const { labels, value } of rows) gauge.set(labels, value);
    const series = (text: string) => linesOf(text, ["pixelmesh_device_zone{"]);
    expect(series((await metrics.page()).text)).toEqual(series(await registry.metrics()));
  }
});

test("a metric has a bounded number of series: what is new beyond it is counted under `other`", async () => {
  const metrics = createMetrics("storage", "1");
  const countWrite = metrics.countBy("pixelmesh_durable_writes_total", (what: string) => ({ what }));
  for (let n = 0; n < 10_000; n++) metrics.count("pixelmesh_durable_writes_total", { what: `put ${n}` });
  for (let n = 10_000; n < 10_500; n++) countWrite(`put ${n}`);
  countWrite("put 3");
  for (let n = 0; n < 4_000; n++) metrics.observe("pixelmesh_tile_seconds", { model: `m${n}`, outcome: "ok" }, 1);
  const rows = Array.from({ length: 10_007 }, (_, n) => ({ labels: { device: `gpu-${n}` }, value: 1 }));
  for (let again = 0; again < 3; again++) metrics.setAll("pixelmesh_device_zone", rows);
  const { text } = await metrics.page();
  expect(text).toContain('pixelmesh_durable_writes_total{what="other"} 500');
  expect(text).toContain('pixelmesh_durable_writes_total{what="put 3"} 2');
  expect(text).toContain('pixelmesh_metric_overflow_total{metric="pixelmesh_durable_writes_total"} 500');
  expect(text).toContain('pixelmesh_metric_overflow_total{metric="pixelmesh_device_zone"} 21');
  expect(linesOf(text, ["pixelmesh_tile_seconds_bucket"]).length).toBeLessThanOrEqual(10_000);
  const observed = [...text.matchAll(/^pixelmesh_tile_seconds_count\S+ (\d+)$/gm)];
  expect(observed.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(4_000);
});
