import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chartDir, scratchDir } from "../../test/render.ts";
import { root } from "../control-plane/programs.ts";

/** The official NATS chart's folder, if `make chart` has brought it or PIXELMESH_NATS_CHARTS names it. */
const officialCharts = [process.env.PIXELMESH_NATS_CHARTS, join(root, "out/helm/charts")].find(
  (path) => path !== undefined && existsSync(path),
);

/**
 * Returns a copy of the chart as `make chart` packages it, with the NATS chart inside: the official one, else the stand-in, which has that
 * chart's pods as far as our values shape them.
 */
export function copyChartWithNats(): string {
  const dir = join(scratchDir("cluster-chart"), "pixelmesh");
  cpSync(chartDir, dir, { recursive: true });
  appendFileSync(join(dir, "Chart.yaml"), readFileSync(join(root, "helm/with-nats/dependencies.yaml"), "utf8"));
  const charts = join(dir, "charts");
  mkdirSync(charts, { recursive: true });
  if (officialCharts) cpSync(officialCharts, charts, { recursive: true });
  else cpSync(new URL("stand-in-nats", import.meta.url), join(charts, "nats"), { recursive: true });
  return dir;
}
