import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { type KubeObject, ofKind, workloadsOf } from "./objects.ts";
import { findTool, render, scratchDir } from "./render.ts";

const deploy = (path: string) => readFileSync(fileURLToPath(new URL(`../../deploy/${path}`, import.meta.url)), "utf8");
/** A file of deploy/ as this release should have it, with its base URL of runbooks. */
const ownText = (path: string) =>
  deploy(path).replaceAll("docs/runbooks.md", "https://runbooks.example.com/pixelmesh/docs/runbooks.md");
/** Returns a value without the matchers of namespaces in its queries. */
const withoutNamespace = (value: unknown) =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll(/namespace=~?\\"(pictures|\.\*pixelmesh\.\*)\\"(, )?/g, "")
      .replaceAll("{}", ""),
  );
const { objects } = render({ profile: "prod" });
type Rules = KubeObject & {
  spec: { groups: { name: string; rules: { expr: string; alert?: string; annotations?: Record<string, string> }[] }[] };
};
const rules = objects.filter(({ kind }) => kind === "PrometheusRule") as Rules[];
const promtool = findTool("promtool");
if (promtool === undefined) console.log("monitoring.test.ts: SKIPPED, rendered rules by promtool, which is not here");

test("every rule of deploy/ is rendered, with the base URL of runbooks and the namespace of the release", () => {
  const sources = readdirSync(fileURLToPath(new URL("../../deploy/prometheus/rules", import.meta.url)))
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => parse(ownText(`prometheus/rules/${name}`)));
  expect(withoutNamespace(rules.flatMap(({ spec }) => spec.groups))).toEqual(
    withoutNamespace(sources.flatMap(({ groups }) => groups)),
  );
  for (const { expr } of rules.flatMap(({ spec }) => spec.groups.flatMap((group) => group.rules)))
    expect(expr).toContain('namespace="pictures"');
  expect(JSON.stringify(rules)).not.toContain("namespace=~");
  expect(rules.every(({ metadata }) => metadata.labels?.release === "kube-prometheus-stack")).toBe(true);
});

test("without a base URL alerts carry the path of their runbook, and no host", () => {
  const monitoring = { rules: { enabled: true }, grafanaAlerts: { enabled: true } };
  const text = JSON.stringify(
    render({ profile: "minimal", values: { monitoring } }).objects.filter(
      ({ kind, metadata }) => kind === "PrometheusRule" || metadata.name.endsWith("-alerts"),
    ),
  );
  const urls = [...text.matchAll(/runbook_url\W+([^"\\]+)/g)].map(([, url]) => url);
  expect(urls.length).toBeGreaterThan(50);
  for (const url of urls) expect(url).toMatch(/^docs\/runbooks\.md#pixelmesh[a-z]+$/);
});

test.skipIf(promtool === undefined)("promtool accepts the rendered rules", () => {
  const dir = scratchDir("rules");
  for (const { metadata, spec } of rules) writeFileSync(join(dir, `${metadata.name}.yaml`), stringify(spec));
  const files = rules.map(({ metadata }) => join(dir, `${metadata.name}.yaml`));
  expect(execFileSync(promtool ?? "", ["check", "rules", ...files], { encoding: "utf8" })).toMatch(/SUCCESS/);
});

test("every dashboard is an unchanged ConfigMap with the label of Grafana's sidecar", () => {
  const boards = ofKind(objects, "ConfigMap").filter(({ metadata }) => metadata.labels?.grafana_dashboard === "1");
  expect(boards).toHaveLength(10);
  for (const { metadata, data = {} } of boards) {
    expect(metadata.annotations?.grafana_folder).toBe("Pixelmesh");
    const [[file = "", text = ""] = []] = Object.entries(data);
    expect(text).toBe(deploy(`grafana/dashboards/${file}`));
  }
});

test("Grafana's alerts equal those of deploy/", () => {
  const alerts = ofKind(objects, "ConfigMap").find(({ metadata }) => metadata.labels?.grafana_alert === "1");
  const text = alerts?.data?.["pixelmesh-alerts.yaml"] ?? "";
  expect(text).toContain('namespace="pictures"');
  expect(withoutNamespace(parse(text))).toEqual(
    withoutNamespace(parse(ownText("grafana/provisioning/alerting/rules.yaml"))),
  );
});

test.each([
  ["prod", "PodMonitor", "podMetricsEndpoints"],
  ["external-nats", "ServiceMonitor", "endpoints"],
])(
  "%s: a %s selects every metrics page, with a job name that the alerts select, and the version",
  (profile, kind, key) => {
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
      { targetLabel: "node" },
      ...(kind === "ServiceMonitor" ? [{ action: "labeldrop", regex: "service" }] : []),
    ]);
  },
);
