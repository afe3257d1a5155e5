import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import { expect, test, vi } from "vitest";
import { runInContext } from "../active-context.ts";
import { metricDefinitions } from "./metric-definitions.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

const openMetrics = "application/openmetrics-text; version=1.0.0";
const traceId = "0af7651916cd43dd8448eb211c80319c";

/** The sorted lines of some metrics, because the order of a metric's series is not defined. */
const linesOf = (text: string, names: readonly string[]) =>
  text
    .split("\n")
    .filter((line) => names.some((name) => line.includes(name.replace(/_total$/, ""))))
    .sort();

test("a page equals that of prom-client's own counters, gauges and histograms for the same values", async () => {
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
  const observeWait = metrics.observeBy("pixelmesh_queue_wait_seconds", (queue: string) => ({
    queue,
    priority: "batch",
  }));
  // On an edge, below the first, between two, beyond the last.
  for (const [queue, value, kept] of [
    ["upscale", 0.01, true],
    ["effects", 0, false],
    ["upscale", 7, true],
    ["upscale", 8, false],
    ["upscale", 1e6, true],
  ] as const) {
    const trace = { traceId, spanId: "b7ad6b7169203331", traceFlags: kept ? 1 : 0 };
    const labels = { queue, priority: "batch" };
    runInContext({ trace }, () =>
      value < 8 ? metrics.observe("pixelmesh_queue_wait_seconds", labels, value) : observeWait(queue, value),
    );
    histogram.observe({ labels, value, exemplarLabels: kept ? { trace_id: traceId } : {} });
  }

  const names = ["pixelmesh_jobs_submitted_total", "pixelmesh_device_memory_bytes", "pixelmesh_queue_wait_seconds"];
  const ours = linesOf((await metrics.page(openMetrics)).text, names);
  expect(ours).toEqual(linesOf(await registry.metrics(), names));
  expect(ours.filter((line) => line.includes("trace_id")).length).toBe(3);
  vi.useRealTimers();
});

test("labels in another order name the same series, and later changes of the label object have no effect", async () => {
  const metrics = createMetrics("storage", "1");
  const labels = { pipeline: "upscale", priority: "batch" };
  metrics.count("pixelmesh_jobs_submitted_total", labels);
  labels.priority = "interactive";
  metrics.count("pixelmesh_jobs_submitted_total", { priority: "batch", pipeline: "upscale" });
  const { text } = await metrics.page();
  expect(text).toContain('pixelmesh_jobs_submitted_total{pipeline="upscale",priority="batch"} 2');
  expect(text).not.toContain('priority="interactive"');
});

test("countBy creates the series of a key on first use", async () => {
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
])("a value that is not a finite number throws and changes nothing (%#)", async (record) => {
  const metrics = createMetrics("ingest", "1");
  const before = linesOf((await metrics.page()).text, ["nats_reconnects", "open_jobs", "input_bytes"]);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => record(metrics, value)).toThrow(TypeError);
  expect(() => metrics.count("pixelmesh_nats_reconnects_total", {}, -1)).toThrow(TypeError);
  expect(linesOf((await metrics.page()).text, ["nats_reconnects", "open_jobs", "input_bytes"])).toEqual(before);
});

test("the event-loop lag is near zero while the loop is free, and as long as a blocking task", async () => {
  const metrics = createMetrics("storage", "1");
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const readLag = async (name: string) => {
    const { text } = await metrics.page();
    return Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, "m").exec(text)?.[1]);
  };
  await pause(400);
  // On a busy machine, a free loop waits for a processor.
  expect(await readLag("p50")).toBeLessThan(0.2);
  await pause(100);
  const beginMs = performance.now();
  while (performance.now() - beginMs < 500);
  const blockedSeconds = (performance.now() - beginMs) / 1_000;
  await pause(100);
  const max = await readLag("max");
  expect(max).toBeGreaterThan(0.8 * blockedSeconds);
  expect(max).toBeLessThan(blockedSeconds + 2);
});

test("the processor time of a process counts from its start, also before the first page", async () => {
  const secondsOf = ({ user, system }: NodeJS.CpuUsage) => ({ user: user / 1e6, system: system / 1e6 });
  // Reads the time seldom: reading it is time of the system, not of the process itself.
  while (process.cpuUsage().user < 1.5e6) Array.from({ length: 100_000 }, Math.random);
  const before = secondsOf(process.cpuUsage());
  const { text } = await createMetrics("storage", "1").page();
  const after = secondsOf(process.cpuUsage());
  const read = (name: string) =>
    Number(new RegExp(`^process_cpu_${name}seconds_total (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
  // The registration itself lies between two readings.
  for (const [seconds, least, most] of [
    [read("user_"), before.user, after.user],
    [read("system_"), before.system, after.system],
    [read(""), before.user + before.system, after.user + after.system],
  ] as const) {
    expect(seconds).toBeGreaterThan(least - 0.5);
    expect(seconds).toBeLessThanOrEqual(most + 1e-6);
  }
});

test("setAll leaves exactly the given series, as a prom-client gauge after a reset", async () => {
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

test("values that are read are read anew for each page, until that is ended", async () => {
  const metrics = createMetrics("scheduler", "1");
  let zone = 0;
  const end = metrics.onPage(() => metrics.set("pixelmesh_device_zone", { device: "d" }, zone++));
  const shown = async () => linesOf((await metrics.page()).text, ["pixelmesh_device_zone{"]);
  expect(await shown()).toEqual(['pixelmesh_device_zone{device="d"} 0']);
  expect(await shown()).toEqual(['pixelmesh_device_zone{device="d"} 1']);
  end();
  expect(await shown()).toEqual(['pixelmesh_device_zone{device="d"} 1']);
  expect(zone).toBe(2);
});

test("a metric has a bounded number of series, and new labels beyond it are counted under `other`", async () => {
  const metrics = createMetrics("storage", "1");
  const countWrite = metrics.countBy("pixelmesh_durable_writes_total", (what: string) => ({ what }));
  for (let n = 0; n < 10_000; n++) metrics.count("pixelmesh_durable_writes_total", { what: `put ${n}` });
  for (let n = 10_000; n < 10_500; n++) countWrite(`put ${n}`);
  countWrite("put 3");
  for (let n = 0; n < 4_000; n++) metrics.observe("pixelmesh_tile_seconds", { model: `m${n}`, outcome: "ok" }, 1);
  const rows = Array.from({ length: 10_007 }, (_, n) => ({ labels: { device: `gpu-${n}` }, value: 1 }));
  for (let round = 0; round < 3; round++) metrics.setAll("pixelmesh_device_zone", rows);
  const { text } = await metrics.page();
  expect(text).toContain('pixelmesh_durable_writes_total{what="other"} 500');
  expect(text).toContain('pixelmesh_durable_writes_total{what="put 3"} 2');
  expect(text).toContain('pixelmesh_metric_overflow_total{metric="pixelmesh_durable_writes_total"} 500');
  expect(text).toContain('pixelmesh_metric_overflow_total{metric="pixelmesh_device_zone"} 21');
  expect(linesOf(text, ["pixelmesh_tile_seconds_bucket"]).length).toBeLessThanOrEqual(10_000);
  const observed = [...text.matchAll(/^pixelmesh_tile_seconds_count\S+ (\d+)$/gm)];
  expect(observed.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(4_000);
});
