import type { Dashboard } from "../panel.ts";

/** Every process of the mesh: memory, processor, event loop, certificates, refused requests. */
export const processes: Dashboard = {
  uid: "pixelmesh-processes",
  title: "Pixelmesh / Processes",
  description: "Memory, processor, event loop and certificate of each process; refused requests; lost log lines.",
  variables: [{ name: "version", label: "Version", labelOf: "version", series: "pixelmesh_build_info" }],
  rows: [
    {
      title: "Use",
      panels: [
        {
          title: "Memory of processes",
          description: "Resident memory as a part of each process's limit, without inference hosts.",
          unit: "percentunit",
          steps: [
            { from: 0.85, color: "yellow" },
            { from: 0.95, color: "red" },
          ],
          targets: [
            {
              expr: 'pixelmesh:process_memory:ratio * on (namespace, job, instance) group_left (service) pixelmesh_build_info{version=~"$version"}',
              legend: "{{service}} {{instance}}",
            },
          ],
        },
        {
          title: "Cores",
          description: "Used by each process.",
          unit: "short",
          targets: [
            {
              expr: 'rate(process_cpu_seconds_total[$__rate_interval]) * on (namespace, job, instance) group_left (service) pixelmesh_build_info{version=~"$version"}',
              legend: "{{service}} {{instance}}",
            },
          ],
        },
        {
          title: "Event loop lag",
          description: "p99 of each process.",
          unit: "s",
          steps: [{ from: 0.5, color: "red" }],
          targets: [
            {
              expr: 'nodejs_eventloop_lag_p99_seconds * on (namespace, job, instance) group_left (service) pixelmesh_build_info{version=~"$version"}',
              legend: "{{service}} {{instance}}",
            },
          ],
        },
      ],
    },
    {
      title: "Faults",
      panels: [
        {
          title: "Time to the end of certificates",
          description: "The certificate of each process. It alerts below the line of two days.",
          unit: "s",
          steps: [{ from: 172_800, color: "red" }],
          zeroBecause: "A mesh without TLS has no certificates.",
          targets: [
            {
              expr: "min by (job, instance) (pixelmesh_tls_certificate_end_seconds > 0) - time()",
              legend: "{{instance}}",
            },
          ],
        },
        {
          title: "Refused requests",
          description:
            "Per second, before a handler: malformed, too large, without a valid token, or too many open calls of a method.",
          unit: "reqps",
          zeroBecause: "No request is refused by a mesh with a fitting load.",
          targets: [
            {
              expr: "sum by (rpc_method, reason) (rate(pixelmesh_refused_requests_total[$__rate_interval]))",
              legend: "{{reason}} {{rpc_method}}",
            },
          ],
        },
        {
          title: "Lost log lines, spans and series",
          description:
            "Per hour: log lines that could not be written, spans that could not be exported, and values of metrics that were counted under `other`.",
          unit: "short",
          targets: [
            {
              expr: "sum by (job, instance) (increase(pixelmesh_log_lines_dropped_total[1h]))",
              legend: "{{instance}} log lines",
            },
            {
              expr: "sum by (reason) (increase(pixelmesh_trace_spans_lost_total[1h]))",
              legend: "spans: {{reason}}",
            },
            {
              expr: "sum(increase(pixelmesh_metric_overflow_total[1h])) or on () 0 * max(pixelmesh_build_info)",
              legend: "values under `other`",
            },
          ],
        },
      ],
    },
  ],
};
