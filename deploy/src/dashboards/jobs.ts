import type { Dashboard } from "../panel.ts";

const quantiles = (quantile: number, by: string, metric: string, filter = "") =>
  `histogram_quantile(${quantile}, sum by (le, ${by}) (rate(${metric}_bucket{${filter}}[$__rate_interval])))`;

/** How the time of jobs is spent, operation by operation. */
export const jobs: Dashboard = {
  uid: "pixelmesh-jobs",
  title: "Pixelmesh / Jobs",
  description:
    "How the time of jobs is spent: steps, queues, slots. Failed, degraded and refused work. Batches and previews.",
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
          width: 6,
          targets: [
            { expr: "sum by (queue) (max by (namespace, queue) (pixelmesh_queue_messages))", legend: "{{queue}}" },
          ],
        },
        {
          title: "Oldest step",
          description: "Age of the oldest step that waits or runs, by role.",
          unit: "s",
          width: 6,
          steps: [{ from: 60, color: "yellow" }],
          targets: [{ expr: "max by (queue) (pixelmesh_queue_oldest_wait_seconds)", legend: "{{queue}}" }],
        },
        {
          title: "Steps by outcome",
          description:
            "Per second. Requeued: given back before its start, so it does not count as an attempt. Lost: redelivered to another worker.",
          unit: "cps",
          width: 6,
          targets: [
            {
              expr: "sum by (outcome) (rate(pixelmesh_step_duration_seconds_count[$__rate_interval]))",
              legend: "{{outcome}}",
            },
          ],
        },
        {
          title: "Accepted jobs",
          description: "Per second, by pipeline and priority.",
          unit: "cps",
          width: 6,
          targets: [
            {
              expr: "sum by (pipeline, priority) (rate(pixelmesh_jobs_submitted_total[$__rate_interval]))",
              legend: "{{pipeline}} {{priority}}",
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
          unit: "cps",
          width: 6,
          zeroBecause: "No job fails on a healthy mesh.",
          targets: [
            { expr: "sum by (reason) (rate(pixelmesh_job_failures_total[$__rate_interval]))", legend: "{{reason}}" },
          ],
        },
        {
          title: "Lowered results",
          description: "Degradations that callers allowed, per second.",
          unit: "cps",
          width: 6,
          zeroBecause: "No result is degraded while there is capacity.",
          targets: [
            { expr: "sum by (kind) (rate(pixelmesh_adaptations_total[$__rate_interval]))", legend: "{{kind}}" },
          ],
        },
        {
          title: "Refused pictures",
          description: "By reason, per second.",
          unit: "cps",
          width: 6,
          zeroBecause: "Most callers send pictures that can be read.",
          targets: [
            {
              expr: "sum by (reason) (rate(pixelmesh_input_refused_total[$__rate_interval])) > 0",
              legend: "{{reason}}",
            },
          ],
        },
        {
          title: "Repairs by the reconciler, and dead letters",
          description: "Per hour. Each dead letter waits for an operator.",
          unit: "short",
          width: 6,
          targets: [
            { expr: "sum by (what) (increase(pixelmesh_reconciled_total[1h]))", legend: "{{what}}" },
            { expr: "sum by (reason) (increase(pixelmesh_dead_letters_total[1h]))", legend: "dead letter {{reason}}" },
          ],
        },
      ],
    },
    {
      title: "Pictures",
      panels: [
        {
          title: "Megapixels",
          description: "p50 and p95 of the uploaded pictures.",
          unit: "short",
          width: 6,
          targets: [0.5, 0.95].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(pixelmesh_input_megapixels_bucket[$__rate_interval])))`,
            legend: `p${quantile * 100} MP`,
          })),
        },
        {
          title: "Bytes",
          description: "p50 and p95 of the encoded size of the uploaded pictures.",
          unit: "bytes",
          width: 6,
          targets: [0.5, 0.95].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(pixelmesh_input_bytes_bucket[$__rate_interval])))`,
            legend: `p${quantile * 100}`,
          })),
        },
        {
          title: "Previews",
          description:
            "Per second. Kept: made before. Computed: from a kept copy of the source. Decoded: from the source.",
          unit: "cps",
          width: 6,
          targets: [
            { expr: "sum by (result) (rate(pixelmesh_previews_total[$__rate_interval]))", legend: "{{result}}" },
          ],
        },
        {
          title: "Shared beginnings of chains",
          description: "Per second. Made: computed by a step. Joined: taken by another step of the job.",
          unit: "cps",
          width: 6,
          targets: [
            {
              expr: "sum by (result) (rate(pixelmesh_shared_beginnings_total[$__rate_interval]))",
              legend: "{{result}}",
            },
          ],
        },
      ],
    },
    {
      title: "Batches",
      panels: [
        {
          title: "Unfinished batches",
          description: "Batches of which a job has not ended.",
          unit: "short",
          width: 12,
          targets: [{ expr: "sum(max by (namespace) (pixelmesh_batches_open))", legend: "open" }],
        },
        {
          title: "Ended batches",
          description: "Per hour, by outcome.",
          unit: "short",
          width: 12,
          targets: [
            { expr: "sum by (outcome) (increase(pixelmesh_batches_finished_total[1h]))", legend: "{{outcome}}" },
          ],
        },
      ],
    },
  ],
};
