import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import { createTraceChoice } from "./choose-traces.ts";
import { createTracer, type Tracer } from "./create-tracer.ts";
import { createSpanHolder } from "./hold-spans.ts";
import type { NotedSpan } from "./noted-span.ts";

/** Where spans go, and which. */
export type ExportOptions = {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  /** Base URL of an OTLP/HTTP receiver. */
  readonly endpoint: string;
  /** Share of the traces begun here that is kept whatever becomes of them, 0 to 1. */
  readonly ratio: number;
  /** Traces of that share a second, at most. */
  readonly perSecond: number;
  /** How long ended spans wait for others to be sent with them, in milliseconds. */
  readonly sendEveryMs: number;
};

/**
 * A tracer whose spans are sent in the background. A receiver that is away costs nothing but the spans: at most 2,048 wait,
 * the rest is dropped.
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
  const send = (span: NotedSpan) => batches.onEnd(span.toReadable(origin));
  const tracer = createTracer({ choose: createTraceChoice(options), hold: createSpanHolder(send) });
  return { tracer, close: () => batches.shutdown() };
}
