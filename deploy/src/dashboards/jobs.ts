import type { Dashboard } from "../panel.ts";

const quantiles = (quantile: number, by: string, metric: string, filter = "") =>
  `histogram_quantile(${quantile}, sum by (le, ${by}) (rate(${metric}_bucket{${filter}}[$__rate_interval])))`;

/** Where the time of a job goes, stage by stage. */
export const jobs: Dashboard = {
  uid: "pixelmesh-jobs",
  title: "Pixelmesh / Jobs",
  description: "Where the time of jobs goes: stages, queues, slots; what was lowered, refused, or put aside.",
  rows: [
    {
      title: "Stages",
      panels: [
        {
          title: "p95 of steps",
          description: "From started to stored, by operation.",
          unit: "s",
          targets: [
            {
              expr: quantiles(0.95, "stage", "pixelmesh_stage_duration_seconds", 'outcome="succeeded"'),
              legend: "{{stage}}",
            },
          ],
        },
        {
          title: "p95 of waiting in queues",
          description: "From published to taken, by service.",
          unit: "s",
          targets: [{ expr: quantiles(0.95, "queue", "pixelmesh_queue_wait_seconds"), legend: "{{queue}}" }],
        },
        {
          title: "p95 of waiting for a slot",
          description: "From asking to holding, by operation.",
          unit: "s",
          targets: [{ expr: quantiles(0.95, "stage", "pixelmesh_slot_wait_seconds"), legend: "{{stage}}" }],
        },
      ],
    },
    {
      title: "Queues",
      panels: [
        {
          title: "Steps that wait or run",
          description: "By service.",
          unit: "short",
          targets: [{ expr: "max by (queue) (pixelmesh_queue_messages)", legend: "{{queue}}" }],
        },
        {
          title: "Oldest step",
          description: "That waits or runs, by service.",
          unit: "s",
          steps: [{ from: 60, color: "yellow" }],
          targets: [{ expr: "max by (queue) (pixelmesh_queue_oldest_wait_seconds)", legend: "{{queue}}" }],
        },
        {
          title: "Steps by outcome",
          description: "Per second. Given back: before the start, for free. Lost: another worker has it.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (outcome) (rate(pixelmesh_stage_duration_seconds_count[$__rate_interval]))",
              legend: "{{outcome}}",
            },
          ],
        },
      ],
    },
    {
      title: "What went otherwise than asked",
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
          title: "Lowered results",
          description: "What was lowered, as callers allowed it, per second.",
          unit: "reqps",
          targets: [
            { expr: "sum by (kind) (rate(pixelmesh_adaptations_total[$__rate_interval]))", legend: "{{kind}}" },
          ],
        },
        {
          title: "Mended by the reconciler, and dead letters",
          description: "Per hour. Each dead letter waits for a person.",
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
              expr: "sum by (reason) (rate(pixelmesh_input_rejected_total[$__rate_interval])) > 0",
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
