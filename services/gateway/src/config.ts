import { type ConfigOf, field } from "@pixelmesh/config";
import { addressVariable, localAddress } from "@pixelmesh/roles";
import { processFields, transferFields } from "@pixelmesh/service";
import { parseTraceTemplate, traceTemplateForm } from "./domain/trace-url.ts";

/** Settings of the gateway. */
export const gatewayFields = {
  ...processFields("gateway"),
  ...transferFields("GATEWAY", "128MiB"),
  ingestAddress: field.text(addressVariable("ingest"), localAddress("ingest"), "Address of the ingest service."),
  bodyMaxBytes: field.byteSize(
    "PIXELMESH_GATEWAY_BODY_MAX",
    "256MiB",
    "Most bytes of one request's body: pictures with their further files. JSON alone may have at most 1 MiB.",
    { min: 1024 },
  ),
  corsOrigins: field.list(
    "PIXELMESH_GATEWAY_CORS_ORIGINS",
    "",
    "Origins whose pages may call the gateway from a browser, such as `https://app.example.com`, separated by commas. Empty: only the gateway's own pages.",
  ),
  requestsPerSecond: field.integer(
    "PIXELMESH_GATEWAY_REQUESTS_PER_SECOND",
    "1000",
    "Most requests of one token per second, or of one address without a token; twice as many at once. 0: no limit.",
    { max: 1_000_000 },
  ),
  maxRequests: field.integer(
    "PIXELMESH_GATEWAY_MAX_REQUESTS",
    "512",
    "Most requests in progress besides event streams; others are refused at once (QUEUE_FULL).",
    { min: 1, max: 100_000 },
  ),
  maxWaitMs: field.duration(
    "PIXELMESH_GATEWAY_MAX_WAIT",
    "2m",
    "Longest time that a request may wait for the end of its job (`wait=…`).",
    { min: 1_000, max: 900_000 },
  ),
  maxEventStreams: field.integer(
    "PIXELMESH_GATEWAY_MAX_EVENT_STREAMS",
    "500",
    "Most open event streams; more are refused at once (QUEUE_FULL).",
    { min: 1, max: 900 },
  ),
  traceUrl: {
    ...field.text(
      "PIXELMESH_GATEWAY_TRACE_URL",
      "",
      "Where traces are shown: an address with `{trace_id}`, such as `https://grafana.example/explore?trace={trace_id}`. Jobs then have `traceUrl`, and the console a link. Empty: no link.",
    ),
    form: traceTemplateForm,
    parse: parseTraceTemplate,
  },
  heartbeatMs: field.duration(
    "PIXELMESH_GATEWAY_HEARTBEAT",
    "15s",
    "Pause after which an event stream without events sends a comment, so that proxies keep it open.",
    { min: 100, max: 120_000 },
  ),
} as const;

/** Values of `gatewayFields`. */
export type GatewayConfig = ConfigOf<typeof gatewayFields>;
