import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { datasource } from "./panel.ts";
import { type AlertRule, isAlert, readRules } from "./rules.ts";

/**
 * The alerts in Grafana's provisioning form, from the same rules. A rule fires where its whole query answers anything, a value
 * of zero included, so the condition asks whether there is a number, not how large it is.
 */
export function grafanaAlerts(): string {
  const groups = readRules().flatMap(({ groups }) =>
    groups.flatMap(({ name, rules }) => {
      const alerts = rules.filter(isAlert);
      return alerts.length === 0
        ? []
        : [{ orgId: 1, name, folder: "Pixelmesh", interval: "1m", rules: alerts.map(toGrafanaRule) }];
    }),
  );
  return stringify({ apiVersion: 1, groups }, { lineWidth: 0, aliasDuplicateObjects: false });
}

function toGrafanaRule(rule: AlertRule) {
  return {
    uid: uidOf(rule),
    title: titleOf(rule),
    condition: "C",
    data: [
      {
        refId: "A",
        relativeTimeRange: { from: 600, to: 0 },
        datasourceUid: datasource.uid,
        model: { refId: "A", editorMode: "code", instant: true, range: false, expr: rule.expr.trim() },
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
    // A ratio without traffic has no series, and that is well; PixelmeshScrapeAbsent sees to what is not measured at all.
    noDataState: "OK",
    execErrState: "Error",
    labels: rule.labels,
    // Templates of Prometheus, except that a value is a query's there.
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

/** One name can stand for several rules, told apart by their windows; Grafana wants titles to differ. */
const titleOf = ({ alert, labels: { long } }: AlertRule) => (long ? `${alert} ${long}` : alert);

/** Provisioning finds a rule again by its uid, at most 40 characters, so it hangs on nothing but the title. */
const uidOf = (rule: AlertRule) => `pm-${createHash("sha256").update(titleOf(rule)).digest("hex").slice(0, 16)}`;
