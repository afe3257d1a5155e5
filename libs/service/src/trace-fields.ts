import { type ConfigOf, field } from "@pixelmesh/config";
import { otlpProtocols, samplerNames, type TraceSettings } from "@pixelmesh/telemetry";

/**
 * Returns the settings of traces. One rule joins both families: a variable of OpenTelemetry decides where it is set, and a setting of the
 * mesh decides what OpenTelemetry has no variable for. Further variables of the standard (time-outs, compression, certificates, limits of
 * spans and batches, resource detectors) are read by OpenTelemetry's SDK.
 */
export function traceFields() {
  return {
    sdkDisabled: field.flag(
      "OTEL_SDK_DISABLED",
      "false",
      "Whether tracing is off, even if other variables ask for it.",
    ),
    serviceName: field.text(
      "OTEL_SERVICE_NAME",
      "",
      "Name of the service in traces. Empty: `pixelmesh-` and the role, or `service.name` of OTEL_RESOURCE_ATTRIBUTES.",
    ),
    resourceAttributes: field.text(
      "OTEL_RESOURCE_ATTRIBUTES",
      "",
      "Attributes of every trace of the process, as `key=value` pairs with commas between them.",
    ),
    tracesExporter: field.list(
      "OTEL_TRACES_EXPORTER",
      "",
      "Where traces go: `otlp`, `console` (standard output), both, or `none`. Empty: `otlp` if an endpoint is set, else `none`.",
    ),
    logsExporter: field.list(
      "OTEL_LOGS_EXPORTER",
      "",
      "`otlp` sends log lines to the OTLP receiver too. Empty or `none`: they go to standard error alone.",
    ),
    tracesEndpoint: field.text(
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "",
      "Base URL of an OTLP receiver. HTTP protocols add `/v1/traces`.",
    ),
    tracesOwnEndpoint: field.text(
      "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
      "",
      "URL of an OTLP receiver of traces, used as it is instead of the base URL.",
    ),
    otlpProtocol: field.choice(
      "OTEL_EXPORTER_OTLP_PROTOCOL",
      otlpProtocols,
      "http/protobuf",
      "Protocol of the OTLP receiver. Its port is 4317 for `grpc`, and 4318 for HTTP by convention.",
    ),
    tracesProtocol: field.text(
      "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
      "",
      "The same for traces alone. Empty: as OTEL_EXPORTER_OTLP_PROTOCOL.",
    ),
    otlpHeaders: field.text(
      "OTEL_EXPORTER_OTLP_HEADERS",
      "",
      "Headers of every request to the OTLP receiver, as `key=value` pairs with commas between them.",
      { secret: true },
    ),
    tracesHeaders: field.text("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "", "The same for traces alone.", { secret: true }),
    tracesSampler: field.choice(
      "OTEL_TRACES_SAMPLER",
      samplerNames,
      "pixelmesh",
      "Which traces are kept from their beginning. `pixelmesh`: by PIXELMESH_TRACES_KEPT and PIXELMESH_TRACES_PER_SECOND, which the others ignore. All but `…always_off` also keep failed and slow traces.",
    ),
    tracesSamplerArg: field.text(
      "OTEL_TRACES_SAMPLER_ARG",
      "",
      "Share of traces that the samplers `traceidratio` and `parentbased_traceidratio` keep, 0 to 1. Empty: 1.",
    ),
    tracesKeptRatio: field.percent(
      "PIXELMESH_TRACES_KEPT",
      "10%",
      "Share of traces that the sampler `pixelmesh` keeps. It also keeps the first trace of each call, unless the share is 0%.",
    ),
    tracesPerSecond: field.integer(
      "PIXELMESH_TRACES_PER_SECOND",
      "1",
      "Most traces per second that begin in this process and are kept as part of that share.",
      { min: 1, max: 10_000 },
    ),
    tracesSendEveryMs: field.duration(
      "PIXELMESH_TRACES_SEND_EVERY",
      "5s",
      "How long ended spans are collected before they are sent together, unless OTEL_BSP_SCHEDULE_DELAY says it.",
      { min: 100, max: 60_000 },
    ),
  } as const;
}

/** Converts the values of `traceFields` to the settings of the tracer. */
export function toTraceSettings(config: ConfigOf<ReturnType<typeof traceFields>>): TraceSettings {
  return {
    isDisabled: config.sdkDisabled,
    exporters: config.tracesExporter,
    logExporters: config.logsExporter,
    endpoint: config.tracesEndpoint,
    tracesEndpoint: config.tracesOwnEndpoint,
    protocol: config.otlpProtocol,
    tracesProtocol: config.tracesProtocol,
    sampler: config.tracesSampler,
    samplerArg: config.tracesSamplerArg,
    ratio: config.tracesKeptRatio,
    perSecond: config.tracesPerSecond,
    sendEveryMs: config.tracesSendEveryMs,
  };
}
