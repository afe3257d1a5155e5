import type { Dashboard } from "../panel.ts";

/** Hosted models: the calls of their providers, and predictions that were taken over or given up. */
export const hostedModels: Dashboard = {
  uid: "pixelmesh-hosted-models",
  title: "Pixelmesh / Hosted models",
  description: "Providers outside of the mesh: calls at once, outcomes and times, closings, and predictions.",
  variables: [],
  rows: [
    {
      title: "Calls",
      panels: [
        {
          title: "Calls at once",
          description: "Calls that each provider has, by work class, and the most that it takes.",
          unit: "short",
          zeroBecause: "No job uses hosted models.",
          targets: [
            {
              expr: "max by (namespace, provider, work_class) (pixelmesh_provider_calls)",
              legend: "{{provider}} {{work_class}}",
            },
            {
              expr: "max by (namespace, provider, work_class) (pixelmesh_provider_call_limit)",
              legend: "{{provider}} {{work_class}} limit",
            },
          ],
        },
        {
          title: "Outcomes",
          description:
            "Calls that ended, per second, by provider and outcome. A refused call is refused for its content or settings; busy is a rate limit.",
          unit: "cps",
          zeroBecause: "No job uses hosted models.",
          targets: [
            {
              expr: "sum by (namespace, provider, outcome) (rate(pixelmesh_provider_requests_total[$__rate_interval]))",
              legend: "{{provider}} {{outcome}}",
            },
          ],
        },
        {
          title: "Time of a call",
          description: "From its start to the provider's answer, by model: half of the calls took less, and 95 of 100.",
          unit: "s",
          zeroBecause: "No job uses hosted models.",
          targets: ["0.5", "0.95"].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (namespace, model, le) (rate(pixelmesh_provider_call_seconds_bucket[$__rate_interval])))`,
            legend: `{{model}} ${quantile}`,
          })),
        },
      ],
    },
    {
      title: "Closed providers and predictions",
      panels: [
        {
          title: "Closed for",
          description: "How long each provider gets no calls from now. 0: it is open.",
          unit: "s",
          zeroBecause: "Providers are open.",
          targets: [
            {
              expr: "max by (namespace, provider) (pixelmesh_provider_closed_seconds)",
              legend: "{{provider}}",
            },
          ],
        },
        {
          title: "Closings",
          description: "How often providers were closed, per hour: by a rate limit or quota, or after failures.",
          unit: "short",
          zeroBecause: "No provider was closed.",
          targets: [
            {
              expr: "sum by (namespace, provider, cause) (increase(pixelmesh_provider_closings_total[1h]))",
              legend: "{{provider}} {{cause}}",
            },
          ],
        },
        {
          title: "Predictions",
          description:
            "Per hour: predictions that a worker took over after the end of another worker or attempt, and predictions of ended jobs that were cancelled.",
          unit: "short",
          zeroBecause: "No worker ended in the middle of a call.",
          targets: [
            {
              expr: "sum by (namespace, provider) (increase(pixelmesh_predictions_resumed_total[1h]))",
              legend: "{{provider}} taken over",
            },
            {
              expr: "sum by (namespace, provider) (increase(pixelmesh_predictions_orphaned_total[1h]))",
              legend: "{{provider}} cancelled",
            },
          ],
        },
      ],
    },
    {
      title: "Costs",
      panels: [
        {
          title: "Cost",
          description:
            "Millionths of the manifest's currency per hour, by model: of calls, and what cached results saved.",
          unit: "short",
          zeroBecause: "No job uses hosted models.",
          targets: [
            {
              expr: "sum by (namespace, provider, model) (increase(pixelmesh_remote_cost_micros_total[1h]))",
              legend: "{{provider}} {{model}}",
            },
            {
              expr: "sum by (namespace, provider, model) (increase(pixelmesh_remote_saved_micros_total[1h]))",
              legend: "{{provider}} {{model}} saved",
            },
          ],
        },
        {
          title: "Budgets",
          description:
            "What is spent or reserved of today's budget (UTC), by tenant: those with a budget of their own, and the fullest of the others.",
          unit: "percentunit",
          zeroBecause: "No tenant has a budget, or nothing was spent today.",
          targets: [
            {
              expr: "max by (namespace, tenant) (pixelmesh_remote_budget_used_ratio)",
              legend: "{{tenant}}",
            },
          ],
        },
      ],
    },
  ],
};
