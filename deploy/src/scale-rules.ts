import { stringify } from "yaml";
import { isAlert, readRules } from "./rules.ts";

/**
 * Returns the rules with every duration (windows, `for`, intervals) divided by a factor, so that live tests take seconds. Thresholds
 * and guards stay. promtool tests the original durations.
 */
export function scaledRules(factor: number): string {
  const scaleText = (text: string) => scaleDuration(text, factor);
  const groups = readRules().flatMap(({ groups }) =>
    groups.map(({ interval, rules, ...group }) => ({
      ...group,
      ...(interval ? { interval: scaleText(interval) } : {}),
      rules: rules.map((rule) => ({
        ...rule,
        expr: rule.expr.replace(/\[([^\]]+)\]/g, (_, window: string) => `[${scaleText(window)}]`),
        ...(isAlert(rule) && rule.for ? { for: scaleText(rule.for) } : {}),
        ...(isAlert(rule) && rule.keep_firing_for ? { keep_firing_for: scaleText(rule.keep_firing_for) } : {}),
      })),
    })),
  );
  return stringify({ groups }, { lineWidth: 0 });
}

const seconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** At least one second, the scrape interval of the tests. */
function scaleDuration(text: string, factor: number): string {
  const [, number = "", unit = "s"] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return `${Math.max(1, Math.round((Number(number) * seconds[unit as keyof typeof seconds]) / factor))}s`;
}
