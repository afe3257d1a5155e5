import { context, DiagLogLevel, diag, logs, type Tracer as SdkTracer, trace } from "@opentelemetry/api";
import { getNumberFromEnv, getStringFromEnv } from "@opentelemetry/core";
import {
  defaultResource,
  envDetector,
  hostDetector,
  osDetector,
  processDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";
import {
  ConsoleSpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace";
import { exportLogs } from "../logs/export-logs.ts";
import type { Logger } from "../logs/logger.ts";
import { schemaUrl } from "./attributes.ts";
import { type BatchLimits, createBatches, createLosses, type Losses, type LossReason } from "./count-losses.ts";
import { createTracer, type Tracer } from "./create-tracer.ts";
import type { LightweightSpan } from "./lightweight-span.ts";
import { toHeadSampler } from "./otel-sampler.ts";
import { createSpanReplay } from "./replay-span.ts";
import { createHeadOnly, createTailSampler } from "./tail-sampling.ts";
import {
  assertEndpoints,
  type ExporterName,
  exportsLogs,
  type OtlpProtocol,
  type TraceSettings,
  toExporters,
  toOtlpProtocol,
} from "./trace-settings.ts";

/** Where spans come from, which ones are exported, and where losses are reported. */
export type ExportOptions = {
  /** Role, name and version of the process: its `service.name` is `pixelmesh-<role>`, unless `OTEL_SERVICE_NAME` is set. */
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  readonly settings: TraceSettings;
  readonly log: Pick<Logger, "debug" | "info" | "warn">;
  /** Called with the number of spans that were kept and are lost. */
  readonly onLost: (reason: LossReason, spans: number) => void;
};

/** Time for the last spans when a process ends. A receiver that does not answer must not delay it. */
const flushMs = 5_000;

/**
 * Starts OpenTelemetry's Node SDK and creates a tracer whose spans it exports, none if only log lines are exported. The SDK detects the resource, reads the variables of its
 * exporters and limits, and sends in the background. Sampling is done before: kept spans are replayed through the SDK's tracer. The
 * SDK's propagation stays off, because this library has its own. Throws INVALID_ARGUMENT for a wrong setting.
 */
export async function createExportingTracer(
  options: ExportOptions,
): Promise<{ tracer: Tracer | undefined; close(): Promise<void> }> {
  const { settings, log, version } = options;
  assertEndpoints(settings);
  const headSampler = toHeadSampler(settings);
  const exporters = toExporters(settings);
  const hasLogs = exportsLogs(settings);
  const losses = createLosses(log, options.onLost);
  forwardDiagnostics(log, "warn");
  const { idGenerator, sampler, replay } = createSpanReplay();
  const sdk = new NodeSDK({
    resource: defaultResource(),
    ...toDetectors(options),
    spanProcessors: await Promise.all(exporters.map((name) => createProcessor(name, settings, losses))),
    sampler,
    idGenerator,
    textMapPropagator: null,
    // Metrics are read by a scraper. The SDK creates the exporter of log lines from the environment.
    metricReaders: [],
    ...(hasLogs ? {} : { logRecordProcessors: [] }),
    instrumentations: [],
  });
  sdk.start();
  // From here on, lost spans have a line of their own, and the rest is detail.
  forwardDiagnostics(log, "debug");
  const endLogs = hasLogs ? exportLogs(logs.getLogger("pixelmesh", version, { schemaUrl })) : () => {};
  const sdkTracer: SdkTracer = trace.getTracerProvider().getTracer("pixelmesh", version, { schemaUrl });
  const exportSpan = (span: LightweightSpan) => replay(sdkTracer, span.toFacts());
  const tailSampler = headSampler.hasTail ? createTailSampler(exportSpan) : createHeadOnly(exportSpan);
  return {
    tracer: exporters.length === 0 ? undefined : createTracer({ headSampler, tailSampler }),
    async close() {
      endLogs();
      await within(flushMs, sdk.shutdown());
      for (const api of [trace, context, logs, diag]) api.disable();
    },
  };
}

/**
 * The resource detectors, a later one replaces what earlier ones say: the SDK's own, the mesh's names of the process, the environment. With
 * `OTEL_NODE_RESOURCE_DETECTORS` the SDK takes those that it names, after the mesh's.
 */
function toDetectors({ service, instance, version }: ExportOptions) {
  const attributes = {
    "service.name": `pixelmesh-${service}`,
    "service.instance.id": instance,
    "service.version": version,
  };
  if (getStringFromEnv("OTEL_NODE_RESOURCE_DETECTORS") !== undefined)
    return { resource: defaultResource().merge(resourceFromAttributes(attributes)) };
  return {
    resourceDetectors: [processDetector, hostDetector, osDetector, { detect: () => ({ attributes }) }, envDetector],
  };
}

async function createProcessor(name: ExporterName, settings: TraceSettings, losses: Losses): Promise<SpanProcessor> {
  if (name === "console") return new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() });
  return createBatches(await createOtlpExporter(toOtlpProtocol(settings)), toBatchLimits(settings), losses);
}

/** Each exporter reads its variables (endpoint, headers, time-out, compression, certificates) from the environment. */
async function createOtlpExporter(protocol: OtlpProtocol): Promise<SpanExporter> {
  if (protocol === "grpc") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-grpc");
    return new OTLPTraceExporter();
  }
  if (protocol === "http/json") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    return new OTLPTraceExporter();
  }
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter();
}

/** The limits of the variables `OTEL_BSP_…`, with the defaults of the specification. */
function toBatchLimits({ sendEveryMs }: TraceSettings): BatchLimits {
  return {
    maxQueueSize: getNumberFromEnv("OTEL_BSP_MAX_QUEUE_SIZE") ?? 2_048,
    maxExportBatchSize: getNumberFromEnv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE") ?? 512,
    scheduledDelayMillis: getNumberFromEnv("OTEL_BSP_SCHEDULE_DELAY") ?? sendEveryMs,
    exportTimeoutMillis: getNumberFromEnv("OTEL_BSP_EXPORT_TIMEOUT") ?? 30_000,
  };
}

/** Writes the SDK's own warnings and errors to the log, at this level. */
function forwardDiagnostics(log: ExportOptions["log"], level: "warn" | "debug"): void {
  const write = (text: string) => log[level]({ sdk: text }, "OpenTelemetry reports");
  const quiet = () => {};
  diag.setLogger(
    { error: write, warn: write, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

/** Resolves when the work has ended, also by a failure, or after `ms`. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work.catch(() => {}), late]);
  clearTimeout(timer);
}
