import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { roles } from "@pixelmesh/roles";
import { chartRules, chartSettings, chartStoreMax } from "./chart-files.ts";
import { broker } from "./dashboards/broker.ts";
import { devices } from "./dashboards/devices.ts";
import { edge } from "./dashboards/edge.ts";
import { hostedModels } from "./dashboards/hosted-models.ts";
import { jobs } from "./dashboards/jobs.ts";
import { models } from "./dashboards/models.ts";
import { objective } from "./dashboards/objective.ts";
import { overview } from "./dashboards/overview.ts";
import { processes } from "./dashboards/processes.ts";
import { storage } from "./dashboards/storage.ts";
import { grafanaAlerts } from "./grafana-alerts.ts";
import { chartRoles, composePrometheus, withRoleEnum } from "./role-tables.ts";
import { ownNamespace } from "./selectors.ts";
import { toGrafana } from "./to-grafana.ts";

/** All dashboards. */
export const dashboards = [overview, jobs, edge, devices, models, hostedModels, storage, broker, processes, objective];

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
  const ownAlerts = head + grafanaAlerts(ownNamespace);
  const inChart: [string, string][] = [
    ...boards,
    ...chartRules(),
    ["grafana-alerts.yaml", ownAlerts],
    ["roles.json", chartRoles(roles)],
    ["settings.json", chartSettings()],
    ["store-max.txt", chartStoreMax()],
  ];
  return new Map([
    ...boards.map(([path, text]): [string, string] => [`grafana/${path}`, text]),
    ["grafana/provisioning/alerting/rules.yaml", head + grafanaAlerts()],
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
