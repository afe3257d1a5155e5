import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { addressVariable, modelRoles, roleNames, roles, startSetting } from "@pixelmesh/roles";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { chartRoles, composePrometheus, withRoleEnum } from "./role-tables.ts";

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");
const readYaml = (path: string) => parse(read(path), { merge: true });

describe("a role that is added to the table", () => {
  const table = {
    ...roles,
    vectorise: { ...roles.effects, port: 7406, calls: ["storage"] },
  };

  test("is scraped", () =>
    expect(parse(composePrometheus(table)).scrape_configs[0].static_configs[0].targets).toContain("vectorise:7606"));

  test("is a role of the chart", () =>
    expect(JSON.parse(chartRoles(table)).vectorise).toEqual({
      port: 7406,
      protocol: "grpc",
      usesBroker: true,
      calls: ["storage"],
      takesSteps: true,
      runsModels: false,
    }));

  test("is accepted by the chart's schema", () => {
    const schema = withRoleEnum(read("../helm/pixelmesh/values.schema.json"), table);
    expect(JSON.parse(schema).$defs.service.properties.role.enum).toEqual([...roleNames, "vectorise"]);
  });
});

test("a schema without the list of roles throws", () =>
  expect(() => withRoleEnum("{}", roles)).toThrow("Expected the chart's schema to have a `role` with an `enum`"));

type ComposeService = {
  readonly image?: string;
  readonly build?: { readonly target: string; readonly args: Readonly<Record<string, string>> };
  readonly environment?: Readonly<Record<string, string>>;
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
};

describe("compose.yaml", () => {
  const services: Readonly<Record<string, ComposeService>> = readYaml("compose.yaml").services;

  test.each(roleNames)("has a block for %s with its image, ports and addresses", (name) => {
    const { image, build, environment = {}, healthcheck } = services[name] ?? {};
    expect(image).toContain(`/pixelmesh/${name}:`);
    expect(build).toMatchObject({ target: "service", args: { ROLE: name } });
    expect(healthcheck?.test.at(-1)).toBe(String(roles[name].port + 100));
    expect(environment.PIXELMESH_ADVERTISED_HOST).toBe(name);
    const called = roles[name].calls.filter((role) => role !== name);
    // A role that a setting starts has a profile, and its callers an address only with that profile.
    const addresses = called.map((role) => [
      addressVariable(role),
      startSetting(role) === undefined ? `${role}:${roles[role].port}` : `\${${addressVariable(role)}-}`,
    ]);
    const given = Object.entries(environment).filter(([variable]) => variable.endsWith("_ADDRESS"));
    expect(Object.fromEntries(given)).toEqual(Object.fromEntries(addresses));
    expect(services[name]?.profiles).toEqual(startSetting(name) === undefined ? undefined : [name]);
  });

  test("has no block besides those of the roles and the broker", () =>
    expect(Object.keys(services).sort()).toEqual(["nats", ...roleNames].sort()));

  test("publishes the ports of ingest and of the gateway only", () => {
    const ports = Object.entries(services).flatMap(([name, service]) =>
      "ports" in service ? [[name, JSON.stringify(service.ports)]] : [],
    );
    expect(ports).toEqual(
      (["ingest", "gateway"] as const).map((name) => [name, expect.stringContaining(`:${roles[name].port}"`)]),
    );
  });

  test("has traces of every role in the observability overlay", () => {
    const overlay: Readonly<Record<string, ComposeService>> = readYaml("compose/observability.yaml").services;
    for (const name of roleNames)
      expect(overlay[name]?.environment, name).toHaveProperty("OTEL_EXPORTER_OTLP_ENDPOINT");
  });

  test("has every role that runs models in the GPU overlay, and no other", () => {
    const overlay: Readonly<Record<string, ComposeService>> = readYaml("compose/gpu.yaml").services;
    expect(Object.keys(overlay)).toEqual(modelRoles);
    for (const name of modelRoles)
      expect(overlay[name]?.environment).toHaveProperty(`PIXELMESH_${name.toUpperCase()}_PROVIDERS`);
  });
});

test("the chart's values have every role under its name, with its port", () => {
  const { services } = readYaml("../helm/pixelmesh/values.yaml");
  expect(Object.keys(services)).toEqual(roleNames);
  for (const name of roleNames) expect(services[name].port, name).toBe(roles[name].port);
});
