import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { chartFilesDir, dashboards, generatedFiles } from "./generate.ts";
import { faultsOf } from "./queries.ts";
import { allAlerts, readRules } from "./rules.ts";

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

  test.each(panels.map(({ at, targets }) => [at, targets]))("of the panel %s have no fault", (_, targets) =>
    expect(targets.flatMap(({ expr }) => faultsOf(expr))).toEqual([]),
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
