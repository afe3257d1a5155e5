import { type MetricDefinition, metricDefinitions } from "@pixelmesh/telemetry";
import { toCode, toPage, toTable } from "./markdown.ts";

/** Every metric of the registry: type, labels with their values, the roles that export it, and its meaning. */
export function metricsPage(): string {
  const rows = Object.entries<MetricDefinition>(metricDefinitions)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { type, labels, from, help }]) => [
      toCode(name),
      type,
      Object.entries(labels)
        .map(([label, values]) => `${toCode(label)}: ${values === "open" ? "any" : values.map(toCode).join(" ")}`)
        .join("; "),
      from === "all" ? "all" : from.join(", "),
      help,
    ]);
  return toPage("Metrics", "libs/telemetry/src/metrics/definitions", [
    "Each process serves its metrics at `/metrics` on its metrics port (gRPC port + 200). `any`: the mesh bounds the values itself (devices, models, methods).",
    toTable(["metric", "type", "labels", "roles", "meaning"], rows),
  ]);
}
