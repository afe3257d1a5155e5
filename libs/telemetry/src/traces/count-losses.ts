import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Logger } from "../logs/logger.ts";

/** Why spans are lost: no room in the queue, or the receiver did not take them. */
export type LossReason = "queue_full" | "not_sent";

/** Limits of the batches, as the variables `OTEL_BSP_…` name them. */
export type BatchLimits = {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
};

/** Records losses. */
export type Losses = {
  /** Counts lost spans. Warns if none was lost since spans were last sent. */
  lost(reason: LossReason, spans: number, error?: Error): void;
  /** Spans were sent. */
  sent(): void;
};

/** Creates the record of lost spans: `count` is called for each loss, the log has one line when losses begin and one when they end. */
export function createLosses(
  log: Pick<Logger, "warn" | "info">,
  count: (reason: LossReason, spans: number) => void,
): Losses {
  let isLosing = false;
  return {
    lost(reason, spans, error) {
      count(reason, spans);
      if (isLosing) return;
      isLosing = true;
      log.warn(
        { reason, ...(error ? { err: error } : {}) },
        "spans are lost: the receiver of traces does not take them",
      );
    },
    sent() {
      if (isLosing) log.info({}, "spans are sent again");
      isLosing = false;
    },
  };
}

/**
 * Creates a processor that exports spans in batches and reports those that are lost. The SDK's processor tells nothing of a span that its
 * full queue drops, so the length of its queue is counted here. Its shutdown does not wait for a batch whose resource is still being
 * detected, so `shutdown` waits until each span is sent or lost.
 */
export function createBatches(exporter: SpanExporter, limits: BatchLimits, losses: Losses): SpanProcessor {
  let queued = 0;
  let sending = 0;
  let onIdle = () => {};
  const batches = new BatchSpanProcessor({
    ...limits,
    exporter: {
      export(spans, done) {
        queued -= spans.length;
        sending += spans.length;
        exporter.export(spans, (result: ExportResult) => {
          if (result.code === ExportResultCode.SUCCESS) losses.sent();
          else losses.lost("not_sent", spans.length, result.error);
          done(result);
          sending -= spans.length;
          if (queued + sending === 0) onIdle();
        });
      },
      forceFlush: async () => exporter.forceFlush?.(),
      shutdown: () => exporter.shutdown(),
    },
  });
  return {
    onStart() {},
    onEnd(span) {
      if (queued >= limits.maxQueueSize) {
        losses.lost("queue_full", 1);
        return;
      }
      queued++;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    async shutdown() {
      const idle = new Promise<void>((resolve) => {
        onIdle = resolve;
      });
      // A failed batch is counted already.
      await batches.forceFlush().catch(() => {});
      if (queued + sending > 0) await idle;
      await batches.shutdown();
    },
  };
}
