import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { type KubeObject, ofKind, workloadsOf } from "./objects.ts";
import { findTool, render, scratchDir } from "./render.ts";

const deploy = (path: string) => readFileSync(fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url)), "utf8");
/** A file of deploy/ as this release should have it: with its own runbooks, and its own namespace. */
const own = (path: string) =>
  deploy(path)
    .replaceAll("https://pixelmesh.example", "https://runbooks.example.com/pixelmesh")
    .replaceAll('namespace=~".*pixelmesh.*"', 'namespace="pictures"');
const { objects } = render({ profile: "prod" });
type Rules = KubeObject & {
  spec: { groups: { name: string; rules: { alert?: string; annotations?: Record<string, string> }[] }[] };
};
const rules = objects.filter(({ kind }) => kind === "PrometheusRule") as Rules[];
const promtool = findTool("promtool");
if (promtool === undefined) console.log("monitoring.test.ts: SKIPPED, rendered rules by promtool, which is not here");

test("every rule of deploy/ is there, unchanged but for runbooks and namespace", () => {
  const sources = readdirSync(fileURLToPath(new URL("../../deploy/prometheus/rules", import.meta.url)))
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => parse(own(`prometheus/rules/${name}`)));
  expect(rules.flatMap(({ spec }) => spec.groups)).toEqual(sources.flatMap(({ groups }) => groups));
  expect(JSON.stringify(rules)).toContain('namespace=\\"pictures\\"');
  expect(rules.every(({ metadata }) => metadata.labels?.release === "kube-prometheus-stack")).toBe(true);
});

test.skipIf(promtool === undefined)("promtool takes the rendered rules", () => {
  const dir = scratchDir("rules");
  for (const { metadata, spec } of rules) writeFileSync(join(dir, `${metadata.name}.yaml`), stringify(spec));
  const files = rules.map(({ metadata }) => join(dir, `${metadata.name}.yaml`));
  expect(execFileSync(promtool ?? "", ["check", "rules", ...files], { encoding: "utf8" })).toMatch(/SUCCESS/);
});

test("every dashboard is a ConfigMap that Grafana's sidecar takes, byte for byte", () => {
  const boards = ofKind(objects, "ConfigMap").filter(({ metadata }) => metadata.labels?.grafana_dashboard === "1");
  expect(boards).toHaveLength(6);
  for (const { metadata, data = {} } of boards) {
    expect(metadata.annotations?.grafana_folder).toBe("Pixelmesh");
    const [[file = "", text = ""] = []] = Object.entries(data);
    expect(text).toBe(deploy(`grafana/dashboards/${file}`));
  }
});

test("Grafana's alerts are those of deploy/", () => {
  const alerts = ofKind(objects, "ConfigMap").find(({ metadata }) => metadata.labels?.grafana_alert === "1");
  const text = alerts?.data?.["pixelmesh-alerts.yaml"] ?? "";
  expect(parse(text)).toEqual(parse(own("grafana/provisioning/alerting/rules.yaml")));
});

test.each([
  ["prod", "PodMonitor", "podMetricsEndpoints"],
  ["external-nats", "ServiceMonitor", "endpoints"],
])("%s: a %s finds every metrics page, under a job the alerts know, with its release", (profile, kind, key) => {
  const rendered = render({ profile }).objects;
  const monitor = rendered.find((it) => it.kind === kind) as unknown as {
    spec: { selector: { matchLabels: Record<string, string> } } & Record<
      string,
      { port: string; relabelings: Record<string, unknown>[] }[]
    >;
  };
  const [endpoint] = monitor.spec[key] ?? [];
  const labels = Object.entries(monitor.spec.selector.matchLabels);
  const targets =
    kind === "PodMonitor"
      ? workloadsOf(rendered).map((it) => it.labels)
      : ofKind(rendered, "Service").map(({ metadata }) => metadata.labels);
  expect(targets.filter((it) => labels.every(([name, value]) => it?.[name] === value))).toHaveLength(targets.length);
  expect(endpoint?.port).toBe("metrics");
  expect(endpoint?.relabelings).toMatchObject([
    { targetLabel: "job", replacement: "pixelmesh-$1" },
    { targetLabel: "version" },
  ]);
});
