import { stringify } from "yaml";
import type { RuleFile } from "./rules.ts";
import { ownNamespace, withMatcher } from "./selectors.ts";

/** Returns the text of a rule file whose queries select one namespace, so that the rules of two releases do not mix. */
export function ownRules({ name, groups }: RuleFile): string {
  const own = groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => ({ ...rule, expr: withMatcher(rule.expr, ownNamespace) })),
  }));
  const head = `# Generated from deploy/prometheus/rules/${name} by \`make generate-ops\`.\n`;
  return head + stringify({ groups: own }, { lineWidth: 0 });
}
