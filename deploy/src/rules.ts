import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** The folder with the rule files, the one source of what is alerted on. */
export const rulesDir = fileURLToPath(new URL("../prometheus/rules/", import.meta.url));

/** A series that is computed from others. */
export type RecordingRule = { readonly record: string; readonly expr: string };

/** What is alerted on; durations as Prometheus writes them (`10m`). */
export type AlertRule = {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: { readonly severity: "info" | "warning" | "critical" } & Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
};

/** Rules that are evaluated together. */
export type RuleGroup = {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly (RecordingRule | AlertRule)[];
};

/** One rule file by its name, as parsed. */
export type RuleFile = { readonly name: string; readonly text: string; readonly groups: readonly RuleGroup[] };

/** Every rule file there is, by name. */
export function readRules(): readonly RuleFile[] {
  return readdirSync(rulesDir)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => {
      const text = readFileSync(`${rulesDir}${name}`, "utf8");
      return { name, text, groups: (parse(text) as { groups: RuleGroup[] }).groups };
    });
}

/** Whether a rule alerts. */
export const isAlert = (rule: RecordingRule | AlertRule): rule is AlertRule => "alert" in rule;

/** Every alert of every file. */
export function allAlerts(): readonly AlertRule[] {
  return readRules().flatMap(({ groups }) => groups.flatMap(({ rules }) => rules.filter(isAlert)));
}
