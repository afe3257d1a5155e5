import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import { createTracer, type Tracer } from "./create-tracer.ts";
import { createHeadSampler } from "./head-sampling.ts";
import type { LightweightSpan } from "./lightweight-span.ts";
import { createTailSampler } from "./tail-sampling.ts";

/** Where spans are sent, and which ones. */
export type ExportOptions = {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  /** Base URL of an OTLP/HTTP receiver. */
  readonly endpoint: string;
  /** Head sampling: share of the traces begun here that is kept, 0 to 1. */
  readonly ratio: number;
  /** Head sampling: most traces a second. */
  readonly perSecond: number;
  /** Longest wait of an ended span before its batch is sent, in milliseconds. */
  readonly sendEveryMs: number;
};

/**
 * Creates a tracer that sends its spans in the background. If the receiver cannot be reached, at most 2,048 spans wait and the rest
 * is dropped.
 */
export function createExportingTracer(options: ExportOptions): {
  tracer: Tracer;
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
    scheduledDelayMillis: options.sendEveryMs,
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
  const exportSpan = (span: LightweightSpan) => batches.onEnd(span.toReadable(origin));
  const tracer = createTracer({ sampleHead: createHeadSampler(options), tailSampler: createTailSampler(exportSpan) });
  return { tracer, close: () => batches.shutdown() };
}
