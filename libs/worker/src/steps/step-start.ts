import { announceStart, type Bus, type Delivery } from "@pixelmesh/bus";
import type { JobEvent, WorkItem } from "@pixelmesh/proto";
import type { Logger } from "@pixelmesh/telemetry";
import { publishStepEvent, toStepEvent } from "./publish-step-event.ts";

/** The event `started` of one attempt. */
export type StepStart = {
  /** Announces the start. The run begins when this resolves. */
  announce(): Promise<void>;
  /** The attempt has ended: its start need not be stored any more. */
  end(): void;
};

/** A run that ends earlier leaves no `started` in the log. */
const storeAfterMs = 500;

/**
 * Creates the start of an attempt. The first start is announced to the replicas of ingest, and published to the log only if its run lasts
 * 500 ms. A later start may follow the death of a worker. It is in the log before the run begins, so that it is counted even if ingest
 * dies with the worker.
 */
export function createStepStart(
  { bus, log }: { readonly bus: Bus; readonly log: Logger },
  worker: string,
  item: WorkItem,
  delivery: Delivery,
): StepStart {
  let timer: NodeJS.Timeout | undefined;
  const mayRetry = () => !delivery.isLate();

  /** Not awaited: the run does not wait for it, and ingest knows the start. */
  function store(event: JobEvent): void {
    // After a pause above `ack_wait`, another worker may hold the step.
    if (delivery.isLate()) return;
    publishStepEvent(bus, event, "", mayRetry).catch((error: unknown) =>
      log.debug({ err: error, jobId: item.jobId, stepId: item.stepId }, "start not stored"),
    );
  }

  return {
    async announce() {
      const event = toStepEvent(worker, item, { $case: "started", value: {} });
      if (item.eventsTo === "" || delivery.deliveries > 1) return publishStepEvent(bus, event, "", mayRetry);
      await announceStart(bus, item.eventsTo, event);
      timer = setTimeout(store, storeAfterMs, event);
    },
    end: () => clearTimeout(timer),
  };
}
