import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { roles } from "@pixelmesh/roles";
import { chartRules, chartSettings } from "./chart-files.ts";
import { broker } from "./dashboards/broker.ts";
import { devices } from "./dashboards/devices.ts";
import { jobs } from "./dashboards/jobs.ts";
import { objective } from "./dashboards/objective.ts";
import { overview } from "./dashboards/overview.ts";
import { storage } from "./dashboards/storage.ts";
import { grafanaAlerts } from "./grafana-alerts.ts";
import { toGrafana } from "./panel.ts";
import { chartRoles, composePrometheus, withRoleEnum } from "./role-tables.ts";

/** All dashboards. */
export const dashboards = [overview, jobs, devices, storage, broker, objective];

/** The chart's folder of generated files, relative to deploy/. */
export const chartFilesDir = "../helm/pixelmesh/files/";

const schemaPath = "../helm/pixelmesh/values.schema.json";

const toFile = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Generates all files, by their path relative to deploy/. Of the chart's schema only the list of roles is generated. */
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
    ["roles.json", chartRoles(roles)],
    ["settings.json", chartSettings()],
  ];
  return new Map([
    ...boards.map(([path, text]): [string, string] => [`grafana/${path}`, text]),
    ["grafana/provisioning/alerting/rules.yaml", alerts],
    ["compose/prometheus.yaml", composePrometheus(roles)],
    [schemaPath, withRoleEnum(readFileSync(toFile(schemaPath), "utf8"), roles)],
    ...inChart.map(([path, text]): [string, string] => [`${chartFilesDir}${path}`, text]),
  ]);
}

if (import.meta.main) {
  for (const [path, text] of generatedFiles()) {
    const file = toFile(path);
    mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    writeFileSync(file, text);
  }
}
