import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chartRules, chartSettings } from "./chart-files.ts";
import { broker } from "./dashboards/broker.ts";
import { devices } from "./dashboards/devices.ts";
import { jobs } from "./dashboards/jobs.ts";
import { objective } from "./dashboards/objective.ts";
import { overview } from "./dashboards/overview.ts";
import { storage } from "./dashboards/storage.ts";
import { grafanaAlerts } from "./grafana-alerts.ts";
import { toGrafana } from "./panel.ts";

/** Every dashboard there is. */
export const dashboards = [overview, jobs, devices, storage, broker, objective];

/** Where the chart keeps what it takes from here, from deploy/. */
export const chartFilesDir = "../helm/pixelmesh/files/";

/** Every generated file, by its path under deploy/. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const head = "# Generated from deploy/prometheus/rules by `make generate-ops`.\n";
  const boards = dashboards.map((dashboard): [string, string] => [
    `dashboards/${dashboard.uid}.json`,
    `${JSON.stringify(toGrafana(dashboard), null, 2)}\n`,
  ]);
  const alerts = head + grafanaAlerts();
  const inChart: [string, string][] = [
    ...boards,
    ...chartRules(),
    ["grafana-alerts.yaml", alerts],
    ["settings.json", chartSettings()],
  ];
  return new Map([
    ...boards.map(([path, text]): [string, string] => [`grafana/${path}`, text]),
    ["grafana/provisioning/alerting/rules.yaml", alerts],
    ...inChart.map(([path, text]): [string, string] => [`${chartFilesDir}${path}`, text]),
  ]);
}

if (import.meta.main) {
  for (const [path, text] of generatedFiles()) {
    const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
    mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    writeFileSync(file, text);
  }
}
