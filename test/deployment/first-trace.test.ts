import { readFileSync } from "node:fs";
import { join } from "node:path";
import { JobState } from "@pixelmesh/client";
import { startTestMesh } from "@pixelmesh/testing";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";

/** The metric whose exemplars are the dots of the first screen. */
const durations = "pixelmesh_job_duration_seconds_bucket";

test("the first job of a mesh is the exemplar of its duration, and its trace is exported", async () => {
  await using receiver = await startOtlpReceiver();
  // Chance alone would keep one trace in a million.
  const env = { PIXELMESH_TRACES_KEPT: "0.0001%", PIXELMESH_TRACES_SEND_EVERY: "100ms" };
  await using mesh = await startTestMesh({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env } });
  const pipeline = { steps: [effectStep("fx", "black_and_white")] };
  const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: robot }] });
  expect((await mesh.client.jobs.wait(id)).state).toBe(JobState.SUCCEEDED);

  const { metrics = "" } = mesh.processes().find(({ name }) => name === "ingest") ?? {};
  // As Prometheus asks for it.
  const accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
  const readExemplar = async () => {
    const page = await (await fetch(metrics, { headers: { accept } })).text();
    return new RegExp(
      `^${durations}\\{[^}]*outcome="succeeded"[^}]*\\} \\d+ # \\{trace_id="([0-9a-f]{32})"\\}`,
      "m",
    ).exec(page)?.[1];
  };
  await expect.poll(readExemplar).toBeDefined();
  const traceId = await readExemplar();
  const jobsOf = () =>
    receiver
      .spans()
      .filter((span) => span.traceId === traceId && span.name === "end job")
      .map(({ attributes }) => attributes["pixelmesh.job.id"]);
  await expect.poll(jobsOf).toEqual([id]);
});

test("the first screen of Grafana shows these exemplars and links them to the traces", () => {
  const read = (path: string) => readFileSync(join(import.meta.dirname, "../../deploy", path), "utf8");
  type Panel = { gridPos: { y: number }; targets?: readonly { expr: string; exemplar?: boolean }[] };
  const { panels } = JSON.parse(read("grafana/dashboards/pixelmesh-overview.json")) as { panels: readonly Panel[] };
  // A screen of 1080 lines shows some 20 units of 38 px.
  const shown = panels.filter(({ gridPos }) => gridPos.y < 20).flatMap(({ targets = [] }) => targets);
  expect(shown.some(({ expr, exemplar }) => exemplar && expr.includes(durations))).toBe(true);

  const overlay = parse(read("compose/observability.yaml"), { merge: true }).services;
  expect(overlay.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH).toMatch(/\/pixelmesh-overview\.json$/);
  expect(overlay.prometheus.command).toContain("--enable-feature=exemplar-storage");
  expect(overlay.ingest.environment.OTEL_EXPORTER_OTLP_ENDPOINT).toBe("http://tempo:4318");
  const { datasources } = parse(read("compose/grafana/datasources.yaml"));
  const [prometheus] = datasources.filter(({ type }: { type: string }) => type === "prometheus");
  expect(prometheus.jsonData.exemplarTraceIdDestinations).toEqual([{ name: "trace_id", datasourceUid: "tempo" }]);
});
