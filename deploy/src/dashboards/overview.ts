import { type Dashboard, deviceLegend, ofVersion, withDeviceNames } from "../panel.ts";

const stepsOfVersion = (filter = "") =>
  ofVersion(`rate(pixelmesh_step_duration_seconds_count${filter}[$__rate_interval])`);

/** The four golden signals, what is wrong now, and two releases side by side: the first dashboard to open. */
export const overview: Dashboard = {
  uid: "pixelmesh-overview",
  title: "Pixelmesh / Overview",
  description: "Latency, traffic, errors and saturation; firing alerts; calls; two releases side by side.",
  variables: [
    { name: "pipeline", label: "Pipeline", labelOf: "pipeline", series: "pixelmesh_jobs_finished_total" },
    { name: "version", label: "Version", labelOf: "version", series: "pixelmesh_build_info" },
  ],
  rows: [
    {
      title: "Latency, traffic, errors, saturation",
      panels: [
        {
          title: "Latency: duration of jobs",
          description: "From accepted to ended, of jobs that succeeded. The dots are traces.",
          unit: "s",
          width: 6,
          steps: [{ from: 30, color: "red" }],
          targets: [0.5, 0.95, 0.99].map((quantile) => ({
            expr: `histogram_quantile(${quantile}, sum by (le) (rate(pixelmesh_job_duration_seconds_bucket{outcome="succeeded", pipeline=~"$pipeline"}[$__rate_interval])))`,
            legend: `p${quantile * 100}`,
          })),
        },
        {
          title: "Traffic: ended jobs",
          description: "Per second, by outcome. Rejected: the picture or the request was at fault.",
          unit: "cps",
          width: 6,
          targets: [
            {
              expr: 'sum by (outcome) (rate(pixelmesh_jobs_finished_total{pipeline=~"$pipeline"}[$__rate_interval]))',
              legend: "{{outcome}}",
            },
          ],
        },
        {
          title: "Errors: failed jobs",
          description:
            "Failed, timed out and dead-lettered, of all that were neither rejected nor cancelled, over 5 minutes.",
          unit: "percentunit",
          width: 6,
          steps: [{ from: 0.05, color: "red" }],
          zeroBecause: "Without jobs there is no ratio.",
          targets: [
            {
              expr: 'pixelmesh:jobs_failed:rate5m{pipeline=~"$pipeline"} / (pixelmesh:jobs_finished:rate5m{pipeline=~"$pipeline"} > 0)',
              legend: "{{pipeline}}",
            },
          ],
        },
        {
          title: "Saturation: memory of GPUs and machines",
          description:
            "In use by all programs, as the driver or the kernel reports it. AMBER from 85 %, RED from 95 %.",
          unit: "percentunit",
          width: 6,
          steps: [
            { from: 0.85, color: "yellow" },
            { from: 0.95, color: "red" },
          ],
          targets: [{ expr: withDeviceNames("pixelmesh:device_memory:ratio"), legend: deviceLegend }],
        },
      ],
    },
    {
      title: "Now",
      panels: [
        {
          title: "Wait in queues",
          description: "p95 from published to taken, by role and priority.",
          unit: "s",
          width: 6,
          targets: [
            {
              expr: "histogram_quantile(0.95, sum by (le, queue, priority) (rate(pixelmesh_queue_wait_seconds_bucket[$__rate_interval])))",
              legend: "{{queue}} {{priority}}",
            },
          ],
        },
        {
          title: "Firing alerts",
          description: "Number by severity.",
          unit: "none",
          kind: "stat",
          width: 3,
          steps: [{ from: 1, color: "red" }],
          zeroBecause: "No alert fires on a healthy mesh.",
          targets: [
            {
              expr: 'sum by (severity) (ALERTS{alertstate="firing", alertname=~"Pixelmesh.*"})',
              legend: "{{severity}}",
            },
          ],
        },
        {
          title: "Unfinished jobs",
          description: "Accepted and not ended.",
          unit: "none",
          kind: "stat",
          width: 3,
          targets: [{ expr: "sum(max by (namespace) (pixelmesh_open_jobs))", legend: "open" }],
        },
        {
          title: "Oldest unfinished job",
          description: "Age of the oldest unfinished job. The default deadline is 15 minutes.",
          unit: "s",
          kind: "stat",
          width: 3,
          steps: [
            { from: 300, color: "yellow" },
            { from: 1_200, color: "red" },
          ],
          targets: [{ expr: "max(pixelmesh_job_oldest_active_age_seconds)", legend: "age" }],
        },
        {
          title: "Leaders",
          description: "Processes that hold each lease: exactly one in each mesh.",
          unit: "none",
          kind: "stat",
          width: 3,
          below: "red",
          steps: [{ from: 1, color: "green" }],
          targets: [{ expr: "min by (lease) (sum by (namespace, lease) (pixelmesh_lease_held))", legend: "{{lease}}" }],
        },
        {
          title: "Processes",
          description: "Processes that answer on their metrics page, by role and version.",
          unit: "none",
          kind: "stat",
          width: 6,
          targets: [
            {
              expr: 'count by (service, version) (pixelmesh_build_info{version=~"$version"})',
              legend: "{{service}} {{version}}",
            },
          ],
        },
      ],
    },
    {
      title: "Calls",
      panels: [
        {
          title: "Calls served",
          description: "Per second, by method.",
          unit: "reqps",
          targets: [
            {
              expr: 'sum by (rpc_method) (rate(rpc_server_call_duration_seconds_count{rpc_method!~"grpc.health.*"}[$__rate_interval]))',
              legend: "{{rpc_method}}",
            },
          ],
        },
        {
          title: "Failed calls",
          description: "Part that ended with one of the six codes that are the server's fault, over 5 minutes.",
          unit: "percentunit",
          steps: [{ from: 0.05, color: "red" }],
          zeroBecause: "No call fails by the server's fault on a healthy mesh.",
          targets: [{ expr: "pixelmesh:rpc_errors:ratio5m > 0", legend: "{{rpc_method}}" }],
        },
        {
          title: "p95 of calls",
          description: "By method. Long-lived streams last as long as their callers hold them open.",
          unit: "s",
          targets: [
            {
              expr: 'histogram_quantile(0.95, sum by (le, rpc_method) (rate(rpc_server_call_duration_seconds_bucket{rpc_method!~"grpc.health.*|.*/(AttachDevice|HoldSlot|WatchJob)"}[$__rate_interval])))',
              legend: "{{rpc_method}}",
            },
          ],
        },
      ],
    },
    {
      title: "Two releases side by side",
      panels: [
        {
          title: "Steps by version",
          description: "Ended steps per second, by version and outcome.",
          unit: "cps",
          targets: [{ expr: `sum by (version, outcome) (${stepsOfVersion()})`, legend: "{{version}} {{outcome}}" }],
        },
        {
          title: "Failed steps by version",
          description: "Part of the ended steps that failed or were lost.",
          unit: "percentunit",
          steps: [{ from: 0.05, color: "red" }],
          zeroBecause: "Without steps there is no ratio.",
          targets: [
            {
              expr: `sum by (version) (${stepsOfVersion('{outcome=~"failed|lost"}')}) / (sum by (version) (${stepsOfVersion()}) > 0)`,
              legend: "{{version}}",
            },
          ],
        },
        {
          title: "p95 of steps by version",
          description: "From started to stored, of steps that succeeded, by version and operation.",
          unit: "s",
          targets: [
            {
              expr: `histogram_quantile(0.95, sum by (le, version, operation) (${ofVersion('rate(pixelmesh_step_duration_seconds_bucket{outcome="succeeded"}[$__rate_interval])')}))`,
              legend: "{{version}} {{operation}}",
            },
          ],
        },
      ],
    },
  ],
};
