import type { Dashboard } from "../panel.ts";

/** What callers meet besides gRPC: the gateway's HTTP, and callbacks. */
export const edge: Dashboard = {
  uid: "pixelmesh-edge",
  title: "Pixelmesh / Gateway & callbacks",
  description: "Requests by HTTP, event streams, bytes; callbacks and their receivers.",
  rows: [
    {
      title: "Gateway",
      panels: [
        {
          title: "Requests",
          description: "Per second, by status.",
          unit: "reqps",
          targets: [
            {
              expr: "sum by (http_response_status_code) (rate(http_server_request_duration_seconds_count[$__rate_interval]))",
              legend: "{{http_response_status_code}}",
            },
          ],
        },
        {
          title: "Failed requests",
          description: "Part with a status of 500 or more, over 10 minutes.",
          unit: "percentunit",
          steps: [{ from: 0.05, color: "red" }],
          targets: [{ expr: "pixelmesh:http_errors:ratio10m", legend: "{{namespace}}" }],
        },
        {
          title: "p95 of requests",
          description: "By route, without event streams.",
          unit: "s",
          targets: [
            {
              expr: 'histogram_quantile(0.95, sum by (le, http_request_method, http_route) (rate(http_server_request_duration_seconds_bucket{http_route!~".*/events"}[$__rate_interval])))',
              legend: "{{http_request_method}} {{http_route}}",
            },
          ],
        },
        {
          title: "Event streams",
          description: "Open streams of server-sent events.",
          unit: "short",
          width: 12,
          targets: [{ expr: "sum(pixelmesh_gateway_event_streams)", legend: "open" }],
        },
        {
          title: "Bytes of pictures",
          description: "Received and passed on, and sent in responses, per second.",
          unit: "Bps",
          width: 12,
          targets: [
            { expr: "sum(rate(pixelmesh_gateway_received_bytes_total[$__rate_interval]))", legend: "received" },
            { expr: "sum(rate(pixelmesh_gateway_sent_bytes_total[$__rate_interval]))", legend: "sent" },
          ],
        },
      ],
    },
    {
      title: "Callbacks",
      panels: [
        {
          title: "Attempts",
          description:
            "Per second, by outcome. Given up: the last attempt failed, and the callback became a dead letter.",
          unit: "cps",
          width: 6,
          targets: [
            {
              expr: "sum by (outcome) (rate(pixelmesh_callback_attempts_total[$__rate_interval]))",
              legend: "{{outcome}}",
            },
          ],
        },
        {
          title: "Failed attempts",
          description: "Part of the attempts of an hour that failed.",
          unit: "percentunit",
          width: 6,
          steps: [{ from: 0.5, color: "red" }],
          zeroBecause: "Without callbacks there is no ratio.",
          targets: [{ expr: "pixelmesh:callbacks_failed:ratio1h >= 0", legend: "{{namespace}}" }],
        },
        {
          title: "Pending callbacks",
          description: "Callbacks that are still to be made.",
          unit: "short",
          width: 6,
          targets: [{ expr: "sum(max by (namespace) (pixelmesh_callbacks_pending))", legend: "pending" }],
        },
        {
          title: "Oldest pending callback",
          description: "Time since the end of its job. Attempts end after 27.6 hours by default.",
          unit: "s",
          width: 6,
          targets: [{ expr: "max(pixelmesh_callback_oldest_age_seconds)", legend: "age" }],
        },
      ],
    },
  ],
};
