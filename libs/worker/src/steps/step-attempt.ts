import type { Delivery } from "@pixelmesh/bus";
import type { WorkItem } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { publishStepEvent, type StepEvent, toStepEvent } from "./publish-step-event.ts";
import { createStepStart } from "./step-start.ts";

/** One attempt of a step in this process, from the delivery of its work item to the acknowledgement. */
export type StepAttempt = {
  readonly item: WorkItem;
  readonly delivery: Delivery;
  readonly signal: AbortSignal;
  /** Name of the operation, as the oneof of a Step names it. */
  readonly operation: string;
  /** Fields of every log line about the step. */
  readonly logFields: Readonly<Record<string, unknown>>;
  /** Whether the run has begun. */
  isStarted: boolean;
  /** Whether the run has succeeded; encoding and storing may still fail. */
  hasRun: boolean;
  /** Begins the run: announces the event `started`. */
  start(): Promise<void>;
  /** Publishes an event about the step. Retries while the broker is away, unless the delivery is late. */
  publish(event: StepEvent): Promise<void>;
  /** Records the duration with its outcome in the metrics. Returns log fields with the outcome and the duration in ms. */
  end(outcome: "succeeded" | "failed" | "cancelled" | "requeued" | "lost"): {
    readonly outcome: string;
    readonly ms: number;
  };
};

/** Begins an attempt now. */
export function beginAttempt(
  { bus, metrics, worker, log }: Pick<ServiceBase, "bus" | "metrics" | "worker" | "log">,
  item: WorkItem,
  delivery: Delivery,
  signal: AbortSignal,
): StepAttempt {
  const { jobId, stepId, attempt, step } = item;
  const operation = step?.operation?.$case ?? "none";
  const startedMs = performance.now();
  const start = createStepStart({ bus, log }, worker, item, delivery);
  return {
    item,
    delivery,
    signal,
    operation,
    logFields: { jobId, stepId, attempt, operation },
    isStarted: false,
    hasRun: false,
    async start() {
      // A step that runs again with another slot has announced its start.
      if (this.isStarted) return;
      await start.announce();
      this.isStarted = true;
    },
    publish: (event) =>
      publishStepEvent(bus, toStepEvent(worker, item, event), item.eventsTo, () => !delivery.isLate()),
    end(outcome) {
      start.end();
      const ms = performance.now() - startedMs;
      metrics.observe("pixelmesh_step_duration_seconds", { operation, outcome }, ms / 1000);
      return { outcome, ms: Math.round(ms) };
    },
  };
}
