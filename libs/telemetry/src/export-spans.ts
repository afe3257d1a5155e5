import type { Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOnSampler, BatchSpanProcessor, RandomIdGenerator, TracerProvider } from "@opentelemetry/sdk-trace";
import { createSpanHolder } from "./keep-spans.ts";
import { createThriftyTracer } from "./thrifty-tracer.ts";

/** Where spans go, and which. */
export type ExportOptions = {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  /** Base URL of an OTLP/HTTP receiver. */
  readonly endpoint: string;
  /** Share of the traces begun here that is kept whatever becomes of them, 0 to 1. */
  readonly ratio: number;
};

/**
 * A tracer whose spans are sent in the background. A receiver that is away costs nothing but the spans: at most 2,048 wait,
 * the rest is dropped.
 */
export function createExportingTracer(options: ExportOptions): {
  tracer: Pick<Tracer, "startSpan">;
  close(): Promise<void>;
} {
  const exporter = new OTLPTraceExporter({
    url: `${options.endpoint.replace(/\/$/, "")}/v1/traces`,
    timeoutMillis: 5_000,
  });
  const batches = new BatchSpanProcessor({
    exporter,
    maxQueueSize: 2_048,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 1_000,
    exportTimeoutMillis: 5_000,
  });
  const origin = {
    resource: resourceFromAttributes({
      "service.name": `pixelmesh-${options.service}`,
      "service.instance.id": options.instance,
      "service.version": options.version,
    }),
    instrumentationScope: { name: "pixelmesh", version: options.version },
  };
  const provider = new TracerProvider({
    // Asked for those only that chance has chosen.
    sampler: new AlwaysOnSampler(),
    resource: origin.resource,
    spanLimits: { attributeCountLimit: 32, eventCountLimit: 32, linkCountLimit: 8, attributeValueLengthLimit: 256 },
    spanProcessors: [batches],
  });
  const tracer = createThriftyTracer({
    chosen: provider.getTracer("pixelmesh", options.version),
    ids: new RandomIdGenerator(),
    ratio: options.ratio,
    onHeldEnd: createSpanHolder((span) => batches.onEnd(span.toReadable(origin))),
  });
  return { tracer, close: () => provider.shutdown() };
}
