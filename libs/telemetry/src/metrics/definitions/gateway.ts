import { type Definition, rpcSeconds } from "./definition.ts";

/** Metrics of requests by HTTP. Routes are path patterns, so the gateway bounds all labels. */
export const gatewayMetrics = {
  http_server_request_duration_seconds: {
    type: "histogram",
    help: "Duration of HTTP requests, from their header to the end of the response; of event streams, until they end.",
    labels: { http_request_method: "open", http_route: "open", http_response_status_code: "open" },
    from: ["gateway"],
    buckets: rpcSeconds,
  },
  pixelmesh_gateway_event_streams: {
    type: "gauge",
    help: "Open event streams.",
    labels: {},
    from: ["gateway"],
  },
  pixelmesh_gateway_received_bytes_total: {
    type: "counter",
    help: "Bytes of request bodies that were passed on as pictures.",
    labels: {},
    from: ["gateway"],
  },
  pixelmesh_gateway_sent_bytes_total: {
    type: "counter",
    help: "Bytes of pictures that were sent in responses.",
    labels: {},
    from: ["gateway"],
  },
} as const satisfies Record<string, Definition>;
