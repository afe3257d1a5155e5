import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dashboards } from "../src/generate.ts";
import { type Panel, queryOf } from "../src/panel.ts";
import { scaledRules } from "../src/scale-rules.ts";
import { type BusyMesh, startBusyMesh } from "./busy-mesh.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

// One minute of the rules takes one second here.
const factor = 60;
const rounds = 4;

const panels = dashboards.flatMap(({ title, rows }) =>
  rows.flatMap((row) => row.panels.map((panel): [string, Panel] => [`${title}: ${panel.title}`, panel])),
);
const canRun = ([, { needs }]: [string, Panel]) => needs === undefined;
for (const [at, { needs }] of panels.filter((panel) => !canRun(panel)))
  console.log(`panels.test.ts: SKIPPED ${at}, which needs: ${needs}`);

let busy: BusyMesh;
let prometheus: Prometheus;
beforeAll(async () => {
  busy = await startBusyMesh();
  prometheus = await startPrometheus(busy.targets, scaledRules(factor));
  while ((await prometheus.query('up{job="pixelmesh"} == 1')).length < busy.targets.length) await sleep(200);
  for (let round = 0; round < rounds; round++) await busy.workOnce();
  // The last values are scraped, and recorded from them.
  await sleep(3_000);
}, 300_000);
afterAll(async () => {
  await prometheus?.[Symbol.asyncDispose]();
  await busy?.[Symbol.asyncDispose]();
});

/** A query with the values that a user has chosen at first, and with a window that holds the whole load. */
const chosen = (query: string) =>
  query.replaceAll("$__rate_interval", "5m").replaceAll(/\$(namespace|pipeline|version|device)\b/g, ".*");

test.each(panels.filter(canRun))("%s has data, in its unit", async (_, panel) => {
  for (const target of panel.targets) {
    const query = chosen(queryOf(panel, target));
    const values = (await prometheus.query(query)).map(({ value }) => value).filter(Number.isFinite);
    expect(values.length, query).toBeGreaterThan(0);
    // A part of something.
    if (panel.unit === "percentunit") for (const value of values) expect(value, query).toBeLessThanOrEqual(1 + 1e-9);
    expect(
      values.every((value) => value >= 0),
      query,
    ).toBe(true);
  }
});

test("a panel that is empty on a healthy mesh shows 0 while the mesh is scraped, and nothing without it", async () => {
  const [, panel] = panels.find(([at]) => at.endsWith(": Firing alerts")) as [string, Panel];
  const [target] = panel.targets;
  if (target === undefined) throw new Error("Expected the panel to have a query");
  const query = chosen(queryOf(panel, target));
  expect(await prometheus.query(query)).toEqual([{ metric: { severity: "none" }, value: 0 }]);
  expect(await prometheus.query(query.replaceAll("pixelmesh_build_info", "pixelmesh_no_mesh"))).toEqual([]);
});
