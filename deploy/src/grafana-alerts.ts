import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { datasource } from "./panel.ts";
import { type AlertRule, isAlert, readRules } from "./rules.ts";
import { withMatcher } from "./selectors.ts";

/**
 * Converts the alerts to Grafana's provisioning format. A Prometheus alert fires if its query returns any value, zero included, so
 * the condition tests whether there is a number, not how large it is. With a matcher, every query selects only the series that it matches.
 */
export function grafanaAlerts(matcher?: string): string {
  const groups = readRules().flatMap(({ groups }) =>
    groups.flatMap(({ name, rules }) => {
      const alerts = rules.filter(isAlert);
      return alerts.length === 0
        ? []
        : [
            {
              orgId: 1,
              name,
              folder: "Pixelmesh",
              interval: "1m",
              rules: alerts.map((rule) => toGrafanaRule(rule, matcher)),
            },
          ];
    }),
  );
  return stringify({ apiVersion: 1, groups }, { lineWidth: 0, aliasDuplicateObjects: false });
}

function toGrafanaRule(rule: AlertRule, matcher: string | undefined) {
  const expr = matcher === undefined ? rule.expr : withMatcher(rule.expr, matcher);
  return {
    uid: uidOf(rule),
    title: titleOf(rule),
    condition: "C",
    data: [
      {
        refId: "A",
        relativeTimeRange: { from: 600, to: 0 },
        datasourceUid: datasource.uid,
        model: { refId: "A", editorMode: "code", instant: true, range: false, expr: expr.trim() },
      },
      expression("B", { type: "math", expression: "is_number($A) || is_nan($A) || is_inf($A)" }),
      expression("C", {
        type: "threshold",
        expression: "B",
        conditions: [{ evaluator: { type: "gt", params: [0] } }],
      }),
    ],
    for: rule.for ?? "0s",
    ...(rule.keep_firing_for ? { keepFiringFor: rule.keep_firing_for } : {}),
    // A ratio without traffic has no series, which is healthy. PixelmeshScrapeAbsent covers metrics that are missing altogether.
    noDataState: "OK",
    execErrState: "Error",
    labels: rule.labels,
    // Grafana takes Prometheus's templates, but names the value after its query.
    annotations: Object.fromEntries(
      Object.entries(rule.annotations).map(([name, text]) => [name, text.replaceAll("$value", "$values.A.Value")]),
    ),
    isPaused: false,
  };
}

const expression = (refId: string, model: object) => ({
  refId,
  relativeTimeRange: { from: 0, to: 0 },
  datasourceUid: "__expr__",
  model: { refId, datasource: { type: "__expr__", uid: "__expr__" }, ...model },
});

/** Several rules can share a name and differ in their windows. Grafana requires different titles. */
const titleOf = ({ alert, labels: { long } }: AlertRule) => (long ? `${alert} ${long}` : alert);

/** Provisioning finds a rule by its uid (at most 40 characters), so the uid depends on the title only. */
const uidOf = (rule: AlertRule) => `pm-${createHash("sha256").update(titleOf(rule)).digest("hex").slice(0, 16)}`;
