import { spawnSync } from "node:child_process";
import { JobState } from "@pixelmesh/client";
import { roleNames } from "@pixelmesh/roles";
import { type MetricDefinition, metricDefinitions } from "@pixelmesh/telemetry";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RemoteMesh, startRemoteMesh } from "../../services/remote/test/start-remote-mesh.ts";

const definitions = Object.entries(metricDefinitions) as [string, MetricDefinition][];
const pages = new Map<string, string>();
let remote: RemoteMesh;
beforeAll(async () => {
  remote = await startRemoteMesh({ services: roleNames });
  const { mesh } = remote;
  const steps = [effectStep("fx", "black_and_white")];
  const job = await mesh.client.jobs.create({ pipeline: { steps }, pictures: [{ bytes: robot }] });
  expect((await mesh.client.jobs.wait(job.id)).state).toBe(JobState.SUCCEEDED);
  for (const { name, metrics } of mesh.processes()) pages.set(name, await (await fetch(metrics)).text());
});
afterAll(async () => remote?.[Symbol.asyncDispose]());

test.each(roleNames)("promtool accepts the page of %s", (role) => {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: pages.get(role) ?? "" });
  expect(String(stderr), String(stdout)).toBe("");
  expect(status).toBe(0);
});

/** Returns the series of a page that belong to metrics of the registry. */
function seriesOn(page: string): { name: string; labels: Record<string, string> }[] {
  return page.split("\n").flatMap((line) => {
    const [, sample = "", text = ""] = /^([a-z]\w*)(?:\{(.*)\})? /.exec(line) ?? [];
    const name = definitions.find(
      ([known, { type }]) =>
        sample === known || (type === "histogram" && sample.replace(/_(bucket|sum|count)$/, "") === known),
    )?.[0];
    if (name === undefined) return [];
    const labels = Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
    return [{ name, labels }];
  });
}

test.each(roleNames)("%s exports exactly the metrics that the registry lists for it", (role) => {
  const page = pages.get(role) as string;
  const exported = new Set(seriesOn(page).map(({ name }) => name));
  for (const [name, { from, labels }] of definitions) {
    const isExpected = from === "all" || from.includes(role);
    if (!isExpected) expect(exported, `${role} does not export ${name}`).not.toContain(name);
    const isClosed = Object.values(labels).every((values) => values !== "open");
    if (isExpected && isClosed) expect(exported, `${role} exports ${name}`).toContain(name);
  }
  const unknown = [...page.matchAll(/^# TYPE (\w+) /gm)]
    .map(([, name]) => name as string)
    .filter((name) => !/^(process|nodejs)_/.test(name) && !(name in metricDefinitions));
  expect(unknown).toEqual([]);
});

test("a closed label takes only the values of its list", () => {
  for (const [service, page] of pages) {
    for (const { name, labels } of seriesOn(page)) {
      const lists = (metricDefinitions as Record<string, MetricDefinition>)[name]?.labels ?? {};
      for (const [label, values] of Object.entries(lists))
        if (values !== "open") expect(values, `${service}: ${name}`).toContain(labels[label]);
    }
  }
});

test("calls to other services are counted by method and code, and cache look-ups by tier, starting at zero", () => {
  const ingest = pages.get("ingest") as string;
  const labels = (method: string) =>
    `rpc_system_name="grpc",rpc_method="${method}",rpc_response_status_code="OK",error_type=""`;
  for (const method of [
    "pixelmesh.storage.v1.StorageService/PutSmallBlob",
    "pixelmesh.effects.v1.EffectsService/ListEffects",
  ])
    expect(ingest).toContain(`rpc_client_call_duration_seconds_bucket{le="30",${labels(method)}}`);
  const tier = (page: string | undefined, tier: string, result: string) =>
    Number(
      new RegExp(`^pixelmesh_cache_tier_requests_total\\{tier="${tier}",result="${result}"\\} (.*)$`, "m").exec(
        page ?? "",
      )?.[1],
    );
  expect(tier(ingest, "catalogue", "miss")).toBeGreaterThan(0);
  expect(tier(pages.get("storage"), "blobs", "miss")).toBeGreaterThan(0);
  expect(tier(pages.get("upscale"), "models", "hit")).toBe(0);
});
