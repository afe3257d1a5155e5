import type { Dashboard } from "../panel.ts";

const quantiles = (quantile: number, by: string, metric: string, filter = "") =>
  `histogram_quantile(${quantile}, sum by (le, ${by}) (rate(${metric}_bucket{${filter}}[$__rate_interval])))`;

/** How the time of jobs is spent, operation by operation. */
export const jobs: Dashboard = {
  uid: "pixelmesh-jobs",
  title: "Pixelmesh / Jobs",
  description: "How the time of jobs is spent: steps, queues, slots. Failed, degraded and refused work.",
  rows: [
    {
      title: "Steps",
      panels: [
        {
          title: "p95 of steps",
          description: "From started to stored, by operation.",
          unit: "s",
          targets: [
            {
              expr: quantiles(0.95, "operation", "pixelmesh_step_duration_seconds", 'outcome="succeeded"'),
              legend: "{{operation}}",
            },
          ],
        },
        {
          title: "p95 of the wait in queues",
          description: "From published to taken, by role and priority.",
          unit: "s",
          targets: [
            {
              expr: quantiles(0.95, "queue, priority", "pixelmesh_queue_wait_seconds"),
              legend: "{{queue}} {{priority}}",
            },
          ],
        },
        {
          title: "p95 of the wait for a slot",
          description: "From request to grant, by operation.",
          unit: "s",
          targets: [{ expr: quantiles(0.95, "operation", "pixelmesh_slot_wait_seconds"), legend: "{{operation}}" }],
        },
      ],
    },
    {
      title: "Queues",
      panels: [
        {
          title: "Steps that wait or run",
          description: "Work items, by role.",
          unit: "short",
          targets: [{ expr: "max by (queue) (pixelmesh_queue_messages)", legend: "{{queue}}" }],
        },
        {
          title: "Oldest step",
          description: "Age of the oldest step that waits or runs, by role.",
          unit: "s",
          steps: [{ from: 60, color: "yellow" }],
          targets: [{ expr: "max by (queue) (pixelmesh_queue_oldest_wait_seconds)", legend: "{{queue}}" }],
        },
        {
          title: "Steps by outcome",
          description:
            "Per second. Given back: before its start, so it does not count as an attempt. Lost: redelivered to another worker.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (outcome) (rate(pixelmesh_step_duration_seconds_count[$__rate_interval]))",
              legend: "{{outcome}}",
            },
          ],
        },
      ],
    },
    {
      title: "Failed, degraded and refused work",
      panels: [
        {
          title: "Failures by reason",
          description: "Jobs that did not succeed, per second.",
          unit: "reqps",
          targets: [
            { expr: "sum by (reason) (rate(pixelmesh_job_failures_total[$__rate_interval]))", legend: "{{reason}}" },
          ],
        },
        {
          title: "Degradations",
          description: "Degradations that callers allowed, per second.",
          unit: "reqps",
          targets: [
            { expr: "sum by (kind) (rate(pixelmesh_adaptations_total[$__rate_interval]))", legend: "{{kind}}" },
          ],
        },
        {
          title: "Repairs by the reconciler, and dead letters",
          description: "Per hour. Each dead letter waits for an operator.",
          unit: "short",
          targets: [
            { expr: "sum by (what) (increase(pixelmesh_reconciled_total[1h]))", legend: "{{what}}" },
            { expr: "sum by (reason) (increase(pixelmesh_dead_letters_total[1h]))", legend: "dead letter {{reason}}" },
          ],
        },
        {
          title: "Refused pictures",
          description: "By reason, per second.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (reason) (rate(pixelmesh_input_refused_total[$__rate_interval])) > 0",
              legend: "{{reason}}",
            },
          ],
        },
        {
          title: "Size of pictures",
          description: "p50 and p95 of the megapixels uploaded.",
          unit: "short",
          targets: [0.5, 0.95].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(pixelmesh_input_megapixels_bucket[$__rate_interval])))`,
            legend: `p${quantile * 100} MP`,
          })),
        },
      ],
    },
  ],
};
