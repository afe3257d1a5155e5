import type { Role } from "@pixelmesh/roles";

/** Roles by name, as `libs/roles` lists them. */
export type RoleTable = Readonly<Record<string, Role>>;

/** Distance of a role's metrics port from its gRPC port, as in `libs/roles`. */
const metricsPortOffset = 200;

/** Generates Prometheus's configuration for the compose overlay: it scrapes the metrics port of every role. */
export function composePrometheus(table: RoleTable): string {
  const targets = Object.entries(table).map(
    ([name, { port }]) => `\n          - "${name}:${port + metricsPortOffset}"`,
  );
  return `# Generated from libs/roles by \`make generate-ops\`.
global:
  scrape_interval: 15s
  evaluation_interval: 15s
rule_files: [/etc/pixelmesh/rules/*.yaml]
scrape_configs:
  - job_name: pixelmesh
    static_configs:
      - targets:${targets.join("")}
`;
}

/** Generates the chart's table of roles, which its templates read as `files/roles.json`. */
export function chartRoles(table: RoleTable): string {
  const rows = Object.entries(table).map(([name, { port, protocol, usesBroker, calls, takesSteps, runsModels }]) => [
    name,
    { port, protocol, usesBroker, calls, takesSteps, runsModels },
  ]);
  return `${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`;
}

const roleEnum = /("role": \{\s*"enum": )\[[^\]]*\]/;

/**
 * Returns the chart's schema with the roles of the table as the only values of a service's `role`. Throws if the schema has no such
 * property.
 */
export function withRoleEnum(schema: string, table: RoleTable): string {
  if (!roleEnum.test(schema)) throw new Error("Expected the chart's schema to have a `role` with an `enum`");
  const names = Object.keys(table).map((name) => JSON.stringify(name));
  return schema.replace(roleEnum, `$1[${names.join(", ")}]`);
}
