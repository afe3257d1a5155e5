import type { Dashboard } from "../panel.ts";

/** Messages between services, as the services see them. */
export const broker: Dashboard = {
  uid: "pixelmesh-broker",
  title: "Pixelmesh / NATS",
  description: "Messages between services: published, settled, malformed; connections lost.",
  rows: [
    {
      title: "Messages",
      panels: [
        {
          title: "Published",
          description: "Per second. Duplicate: the broker had it already, which is harmless.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (stream, result) (rate(pixelmesh_messages_published_total[$__rate_interval]))",
              legend: "{{stream}} {{result}}",
            },
          ],
        },
        {
          title: "Settled",
          description: "Per second. Lost: acknowledged too late, another had it.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (stream, settle) (rate(pixelmesh_messages_consumed_total[$__rate_interval]))",
              legend: "{{stream}} {{settle}}",
            },
          ],
        },
        {
          title: "Redelivered share",
          description: "Of all settled messages.",
          unit: "percentunit",
          targets: [
            {
              expr: 'sum by (stream) (rate(pixelmesh_messages_consumed_total{redelivered="true"}[$__rate_interval])) / sum by (stream) (rate(pixelmesh_messages_consumed_total[$__rate_interval]))',
              legend: "{{stream}}",
            },
          ],
        },
      ],
    },
    {
      title: "Faults",
      panels: [
        {
          title: "Reconnects",
          description: "Per 15 minutes, of all processes.",
          unit: "short",
          targets: [
            { expr: "sum by (instance) (increase(pixelmesh_nats_reconnects_total[15m]))", legend: "{{instance}}" },
          ],
        },
        {
          title: "Malformed messages",
          description: "Per 15 minutes, by stream.",
          unit: "short",
          targets: [
            { expr: "sum by (stream) (increase(pixelmesh_malformed_messages_total[15m]))", legend: "{{stream}}" },
          ],
        },
        {
          title: "Lost races for a job's record",
          description: "Per second: writes that were tried again.",
          unit: "reqps",
          targets: [{ expr: "sum(rate(pixelmesh_job_state_conflicts_total[$__rate_interval]))", legend: "conflicts" }],
        },
      ],
    },
  ],
};
