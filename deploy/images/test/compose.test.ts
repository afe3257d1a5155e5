import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { roleNames } from "@pixelmesh/roles";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "../src/paths.ts";
import { type ComposeService, composeLoader, loadCompose } from "./compose-model.ts";
import { builtTree } from "./rootfs.ts";

const projects = [[], ["observability"], ["gpu"], ["observability", "gpu"]];
const dir = mkdtempSync(join(tmpdir(), "pixelmesh-compose-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const canLoad = composeLoader() !== undefined;
if (!canLoad) console.warn("SKIPPED: compose files: neither docker compose nor Go to build its loader");

/** Weights of processor time where they are not docker's 1024: workers and monitoring yield to what answers calls. */
const weights: Readonly<Record<string, number>> = {
  ...Object.fromEntries(["upscale", "background", "effects", "remote"].map((name) => [name, 512])),
  ...Object.fromEntries(["prometheus", "tempo", "grafana"].map((name) => [name, 256])),
};

/** Docker refuses a limit above the machine's number of processors. Weights work on every machine. */
function assertFits(name: string, service: ComposeService, isWhole = true): void {
  expect([service.deploy?.resources?.limits?.cpus, service.cpus], name).toEqual([undefined, undefined]);
  if (isWhole) expect(Number(service.cpu_shares ?? 1024), name).toBe(weights[name] ?? 1024);
}

type Setting = { readonly variable: string; readonly value: string };

const known = new Map<string, Setting[]>();
/** Returns a service's settings for an environment, cached. */
function settings(service: string, env: Readonly<Record<string, string>> = {}): Setting[] {
  const key = JSON.stringify([service, env]);
  const lines = known.get(key) ?? printSettings(service, env);
  known.set(key, lines);
  return lines;
}
function printSettings(service: string, env: Readonly<Record<string, string>>): Setting[] {
  const main = join(builtTree(service), "dist/main.js");
  const { stdout, status, stderr } = spawnSync(process.execPath, [main, "--print-config"], { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${service}: ${stderr}`);
  return JSON.parse(stdout) as Setting[];
}

describe.skipIf(!canLoad).each(projects.map((overlays) => [overlays.join(" + ") || "no overlay", overlays] as const))(
  "compose with %s",
  (_, overlays) => {
    // The body of a skipped group runs too.
    const { services } = canLoad ? loadCompose(...overlays) : { services: {} };
    const all = Object.entries(services);

    test("has every role and the broker", () => {
      expect(Object.keys(services)).toEqual(expect.arrayContaining(["nats", ...roleNames]));
    });

    test.each(all)("%s is restricted, has resource limits and a pinned image", (name, service) => {
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(["ALL"]);
      expect(service.security_opt).toEqual(["no-new-privileges:true"]);
      expect(service.deploy?.resources?.limits?.memory).toBeTruthy();
      // Our images are built from this checkout; others are pinned by digest.
      if (service.build) expect(service.image, name).toMatch(/\/pixelmesh\/[a-z]+:\d+\.\d+\.\d+(-cuda)?$/);
      else expect(service.image, name).toMatch(/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
      for (const port of service.ports ?? []) expect(port.host_ip, name).toBe("127.0.0.1");
      if (name !== "tempo") expect(service.healthcheck?.test[0], name).toBe("CMD");
    });

    test.each(all)("%s runs on a machine of one processor", (name, service) => {
      assertFits(name, service);
    });

    test.each(all)("the mounts and dependencies of %s exist", (_name, service) => {
      for (const { type, source = "" } of service.volumes ?? [])
        if (type === "bind") expect(existsSync(source), source).toBe(true);
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(services[other], other).toBeDefined();
        if (condition === "service_healthy") expect(services[other]?.healthcheck, other).toBeDefined();
      }
      if (service.build) expect(existsSync(join(service.build.context, service.build.dockerfile))).toBe(true);
    });

    test.each(roleNames)("%s accepts every variable of its environment", (name) => {
      const env = services[name]?.environment ?? {};
      const lines = settings(name, env);
      for (const [variable, value] of Object.entries(env)) {
        const line = lines.find((each) => each.variable === variable);
        // An empty text is as good as none.
        expect(line, variable).toMatchObject({ value, origin: value === "" ? "default" : "environment" });
      }
      const port = services[name]?.healthcheck?.test.at(-1);
      expect(lines).toContainEqual(
        expect.objectContaining({ variable: expect.stringMatching(/_HEALTH_PORT$/), value: port }),
      );
    });

    test("addresses name services with the ports that they listen on", () => {
      const ports = new Map(
        roleNames.map((name) => [
          name as string,
          settings(name).find(({ variable }) => /_GRPC_PORT$/.test(variable))?.value,
        ]),
      );
      for (const name of roleNames) {
        const env = services[name]?.environment ?? {};
        expect(env.PIXELMESH_ADVERTISED_HOST).toBe(name);
        for (const [variable, value] of Object.entries(env).filter(([key]) => key.endsWith("_ADDRESS"))) {
          const [host = "", port] = value.split(":");
          expect(port, variable).toBe(ports.get(host));
        }
      }
    });
  },
);

test.each(["compose.yaml", "compose/observability.yaml", "compose/gpu.yaml"])(
  "%s, as it is written, runs on a machine of one processor",
  (file) => {
    const text = readFileSync(join(root, "deploy", file), "utf8");
    const services: Readonly<Record<string, ComposeService>> = parse(text, { merge: true }).services;
    // An overlay may add to a service of compose.yaml, whose weight it keeps.
    for (const [name, service] of Object.entries(services))
      assertFits(name, service, file !== "compose/gpu.yaml" && "image" in service);
  },
);

test("Prometheus scrapes the metrics port of every role, and its configuration and rules are valid", () => {
  const config = parse(readFileSync(join(root, "deploy/compose/prometheus.yaml"), "utf8"));
  const ports = roleNames.map((name) => settings(name).find(({ variable }) => /_METRICS_PORT$/.test(variable))?.value);
  expect(config.scrape_configs[0].static_configs[0].targets).toEqual(
    roleNames.map((name, at) => `${name}:${ports[at]}`),
  );
  if (spawnSync("promtool", ["--version"]).error) return console.warn("SKIPPED: promtool is not here");
  // With the paths of this machine; the container has other mount paths.
  const file = join(dir, "prometheus.yaml");
  writeFileSync(file, JSON.stringify({ ...config, rule_files: [join(root, "deploy/prometheus/rules/*.yaml")] }));
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "config", file], { encoding: "utf8" });
  expect(status, `${stdout}${stderr}`).toBe(0);
  expect(stdout).toMatch(/\d+ rules found/);
});

test("Grafana's provisioning has the datasources of dashboards and alerts", () => {
  const read = (path: string) => readFileSync(join(root, "deploy", path), "utf8");
  const uids: string[] = parse(read("compose/grafana/datasources.yaml")).datasources.map(
    ({ uid }: { uid: string }) => uid,
  );
  expect(uids).toEqual(["prometheus", "tempo"]);
  const named = [...read("grafana/provisioning/alerting/rules.yaml").matchAll(/datasourceUid: (\S+)/g)];
  expect(named.length).toBeGreaterThan(5);
  for (const [, uid = ""] of named) expect([...uids, "__expr__"]).toContain(uid);
});

test("a real nats-server accepts the broker's settings", () => {
  const server = [process.env.PIXELMESH_TOOLS_DIR, join(root, ".tools/bin")]
    .map((tools) => join(tools ?? "", "nats-server"))
    .find((path) => existsSync(path));
  const file = server ?? "nats-server";
  const text = readFileSync(join(root, "deploy/compose/nats.conf"), "utf8");
  expect(text).toMatch(/^ {2}sync_interval: always$/m);
  const version = /v(\d+)\.(\d+)/.exec(spawnSync(file, ["--version"], { encoding: "utf8" }).stdout) ?? [];
  const isOld = Number(version[1]) === 2 && Number(version[2]) < 10;
  if (isOld) console.warn(`SKIPPED: sync_interval, which ${version[0]} does not know; the rest is checked`);
  const conf = join(dir, "nats.conf");
  const store = text.replace('"/data"', JSON.stringify(join(dir, "store")));
  writeFileSync(conf, isOld ? store.replace(/.*sync_interval.*\n/, "") : store);
  const { status, stderr, stdout } = spawnSync(file, ["-t", "-c", conf], { encoding: "utf8" });
  expect(status, `${stdout}${stderr}`).toBe(0);
});
