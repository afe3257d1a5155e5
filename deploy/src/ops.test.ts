import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { chartFilesDir, dashboards, generatedFiles } from "./generate.ts";
import { queryOf } from "./panel.ts";
import { faultsOf, namesIn, unusedMetrics } from "./queries.ts";
import { allAlerts, readRules } from "./rules.ts";
import { ownNamespace, withMatcher } from "./selectors.ts";
import { faultsOfUnit } from "./unit-of.ts";

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");
const alerts = allAlerts();
const rules = readRules().flatMap(({ groups }) => groups.flatMap((group) => group.rules));
const panels = dashboards.flatMap(({ title, rows }) =>
  rows.flatMap((row) => row.panels.map((panel) => ({ at: `${title}: ${panel.title}`, ...panel }))),
);

describe("queries", () => {
  test("have a fault if they do not parse, or name a metric that no process exports", () => {
    expect(faultsOf("sum(rate(up[5m]))")).toEqual([]);
    expect(faultsOf('up{a="$b"}[$__rate_interval]')).toEqual([]);
    expect(faultsOf("sum(rate(up[5m])")).not.toEqual([]);
    expect(faultsOf("sum by (x) (pixelmesh_nothing)")).toEqual(["no process exports pixelmesh_nothing"]);
    expect(faultsOf("rate(pixelmesh_job_duration_seconds[5m])")).toHaveLength(1);
  });

  test.each(rules.map((rule) => ["record" in rule ? rule.record : rule.alert, rule.expr]))(
    "of the rule %s have no fault",
    (_, expr) => expect(faultsOf(expr)).toEqual([]),
  );

  test.each(panels.map((panel) => [panel.at, panel]))("of the panel %s have no fault, and its unit", (_, panel) => {
    expect(panel.targets.flatMap((target) => faultsOf(queryOf(panel, target)))).toEqual([]);
    expect(faultsOfUnit(panel)).toEqual([]);
  });

  test("select every metric of the registry, in a panel or a rule", () => {
    const all = [...rules.map(({ expr }) => expr), ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))];
    expect(unusedMetrics(all)).toEqual([]);
    const withoutZones = all.filter((expr) => !expr.includes("pixelmesh_device_zone"));
    expect(unusedMetrics(withoutZones)).toEqual(["pixelmesh_device_zone"]);
  });

  test.each(rules.map((rule) => ["record" in rule ? rule.record : rule.alert, rule.expr]))(
    "of the rule %s keep namespaces apart",
    (_, expr) => {
      // An aggregation, a match or a join that does not name `namespace` mixes two meshes. `on ()` compares with a series of none.
      const groupings = [...expr.matchAll(/\b(by|on)\s*\(([^)]*)\)/g)].map(
        ([, , labels]) => labels?.split(/,\s*/) ?? [],
      );
      expect(groupings.filter(([first]) => first !== "" && first !== "namespace")).toEqual([]);
      expect(expr).not.toMatch(/\b(sum|max|min|count|group|avg)\s*\(/);
    },
  );
});

describe("alerts", () => {
  const headings = new Set([...readRunbooks().matchAll(/^## (.+)$/gm)].map(([, title]) => title?.toLowerCase()));

  test.each(alerts.map((alert) => [alert.alert, alert]))(
    "%s has a summary, a description and a runbook",
    (name, alert) => {
      expect(alert.annotations.summary).toMatch(/\.$/);
      expect(alert.annotations.description).toMatch(/\.$/);
      // A path without a host: the chart adds a base URL.
      expect(alert.annotations.runbook_url).toBe(`docs/runbooks.md#${name.toLowerCase()}`);
      expect(headings).toContain(name.toLowerCase());
      // Without `for` one scrape can fire the alert. That is right for counts of events only.
      if (!/increase\([^)]*\[15m\]\)/.test(alert.expr)) expect(alert.for).toMatch(/^\d+[mh]$/);
    },
  );

  test("every runbook has an alert", () => {
    const names = new Set(alerts.map(({ alert }) => alert.toLowerCase()));
    expect([...headings].filter((heading) => heading?.startsWith("pixelmesh") && !names.has(heading))).toEqual([]);
  });

  test("each has test cases in which it fires and in which it is silent", () => {
    type Case = { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] };
    const cases = readdirSync(fileURLToPath(new URL("../prometheus/tests/", import.meta.url)))
      .flatMap((name) => (parse(read(`prometheus/tests/${name}`)) as { tests: Case[] }).tests)
      .flatMap((one) => one.alert_rule_test);
    for (const { alert } of alerts) {
      const mine = cases.filter(({ alertname }) => alertname === alert);
      expect(
        mine.some(({ exp_alerts }) => exp_alerts?.length),
        `${alert} fires`,
      ).toBe(true);
      expect(
        mine.some(({ exp_alerts }) => !exp_alerts?.length),
        `${alert} is silent`,
      ).toBe(true);
    }
  });
});

describe("the chart's rules", () => {
  const ruleFiles = [...generatedFiles()].filter(([path]) => /files\/(rules\/|grafana-alerts)/.test(path));

  test("select the release's namespace in every selector, in the form that the chart replaces", () => {
    expect(ruleFiles.length).toBeGreaterThan(5);
    const exprs = ruleFiles.flatMap(([, text]) => [
      ...JSON.stringify(parse(text)).matchAll(/"expr":("(?:[^"\\]|\\.)*")/g),
    ]);
    for (const [, json] of exprs) {
      const expr: string = JSON.parse(json as string);
      expect(expr.split(ownNamespace).length - 1, expr).toBe(namesIn(expr).length);
    }
    for (const [path, text] of ruleFiles) expect(text, path).not.toContain('namespace=~\\"');
  });

  test.each([
    ["up", 'up{namespace="a"}'],
    ["up{}", 'up{namespace="a"}'],
    ['sum(rate(x{b="}"}[5m])) / on () y', 'sum(rate(x{namespace="a", b="}"}[5m])) / on () y{namespace="a"}'],
    ["rate(x[$__rate_interval])", 'rate(x{namespace="a"}[$__rate_interval])'],
    ['x{namespace=~"$namespace"} or y{d="$e"}', 'x{namespace=~"$namespace"} or y{namespace="a", d="$e"}'],
  ])("%s with a matcher is %s", (query, expected) => expect(withMatcher(query, 'namespace="a"')).toBe(expected));
});

describe("units", () => {
  const fault = (unit: "s" | "percentunit" | "cps" | "short", expr: string) =>
    faultsOfUnit({ unit, targets: [{ expr, legend: "" }] }).length;
  test.each([
    ["s", "cps", "histogram_quantile(0.9, sum by (le) (rate(pixelmesh_tile_seconds_bucket[5m])))"],
    ["cps", "short", "sum by (reason) (rate(pixelmesh_dead_letters_total[5m]))"],
    ["short", "cps", "sum(increase(pixelmesh_dead_letters_total[1h]))"],
    ["percentunit", "s", "a_seconds / b_seconds"],
    ["s", "percentunit", "sum(a_seconds_sum) / sum(a_seconds_count)"],
    ["s", "short", 'min(a_end_seconds > 0) - time() or on () label_replace(0 * max(b), "x", "none", "", "")'],
    ["short", "s", "rate(process_cpu_seconds_total[5m]) * on (job) group_left (a) pixelmesh_build_info"],
  ] as const)("%s, and not %s, is the unit of %s", (right, wrong, expr) => {
    expect(fault(right, expr)).toBe(0);
    expect(fault(wrong, expr)).toBe(1);
  });
});

describe("generated files", () => {
  test.each([...generatedFiles()])("%s is up to date (`make generate-ops`)", (path, text) =>
    expect(read(path)).toBe(text),
  );

  test("the chart's files/ has no others", () => {
    const files = readdirSync(fileURLToPath(new URL(`../${chartFilesDir}`, import.meta.url)), { recursive: true });
    const generated = [...generatedFiles().keys()].filter((path) => path.startsWith(chartFilesDir));
    expect(files.filter((path) => /\.\w+$/.test(String(path))).sort()).toEqual(
      generated.map((path) => path.slice(chartFilesDir.length)).sort(),
    );
  });

  test("Grafana's alerts have every alert once, with its own uid", () => {
    type Provisioned = { groups: { rules: { uid: string; title: string }[] }[] };
    const text = generatedFiles().get("grafana/provisioning/alerting/rules.yaml") as string;
    const given = (parse(text) as Provisioned).groups.flatMap((group) => group.rules);
    expect(given).toHaveLength(alerts.length);
    expect(new Set(given.map(({ uid }) => uid)).size).toBe(alerts.length);
    expect(new Set(given.map(({ title }) => title)).size).toBe(alerts.length);
  });

  test("every panel has a description and a query", () => {
    for (const { at, description, targets } of panels) {
      expect(description, at).toMatch(/\.$/);
      expect(targets.length, at).toBeGreaterThan(0);
    }
  });
});

function readRunbooks(): string {
  return read("../docs/runbooks.md");
}
