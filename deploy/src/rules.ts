import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** The folder of the rule files, the only source of alerts. */
export const rulesDir = fileURLToPath(new URL("../prometheus/rules/", import.meta.url));

/** A rule that computes a series from others. */
export type RecordingRule = { readonly record: string; readonly expr: string };

/** A rule that alerts. Durations have Prometheus's form (`10m`). */
export type AlertRule = {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: { readonly severity: "info" | "warning" | "critical" } & Readonly<Record<string, string>>;
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    /** Path in this repository; the chart adds a base URL if its values have one. */
    readonly runbook_url: string;
  };
};

/** Rules that are evaluated together. */
export type RuleGroup = {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly (RecordingRule | AlertRule)[];
};

/** A rule file with its text and its parsed groups. */
export type RuleFile = { readonly name: string; readonly text: string; readonly groups: readonly RuleGroup[] };

/** Reads every rule file, sorted by name. */
export function readRules(): readonly RuleFile[] {
  return readdirSync(rulesDir)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => {
      const text = readFileSync(`${rulesDir}${name}`, "utf8");
      return { name, text, groups: (parse(text) as { groups: RuleGroup[] }).groups };
    });
}

/** Whether a rule is an alert. */
export const isAlert = (rule: RecordingRule | AlertRule): rule is AlertRule => "alert" in rule;

/** Every alert of every file. */
export function allAlerts(): readonly AlertRule[] {
  return readRules().flatMap(({ groups }) => groups.flatMap(({ rules }) => rules.filter(isAlert)));
}
