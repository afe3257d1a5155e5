import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, publishEvent, publishProgress } from "@pixelmesh/bus";
import { reasonToEnum, toAppError } from "@pixelmesh/errors";
import { JobEvent, type WorkItem } from "@pixelmesh/proto";

type Fact = NonNullable<JobEvent["event"]>;

const repeatEveryMs = 500;

/**
 * Publishes a fact about a step. While the broker is away it repeats itself, for as long as `mayRepeat` says; the broker
 * stores the fact once. Throws BROKER_UNAVAILABLE then.
 */
export async function reportFact(
  bus: Bus,
  worker: string,
  item: WorkItem,
  event: Fact,
  mayRepeat: () => boolean,
): Promise<void> {
  const { jobId, stepId, attempt, resultKey } = item;
  const fact = JobEvent.fromPartial({ jobId, stepId, attempt, worker, resultKey, atUnixMs: Date.now(), event });
  for (;;) {
    try {
      return await publishEvent(bus, fact);
    } catch (error) {
      if (toAppError(error).reason !== "BROKER_UNAVAILABLE" || !mayRepeat()) throw error;
      await sleep(repeatEveryMs);
    }
  }
}

/** A failure as the fact that ends this attempt. */
export function toFailedFact(error: unknown, stepId: string): Fact {
  const { reason, message } = toAppError(error);
  return { $case: "failed", value: { error: { reason: reasonToEnum(reason), message, stepId } } };
}

/** The progress of one running step: monotone, said when it changes and again at least every second. */
export type ProgressReport = { update(fraction: number): void; end(): void };

/** Starts reporting. The estimate of the time left is the time taken so far, scaled by what is left. */
export function startProgress(bus: Bus, { jobId, stepId, attempt }: WorkItem): ProgressReport {
  const startedMs = performance.now();
  let fraction = 0;
  // A step that is over at once says nothing: its end does.
  let saidMs = startedMs;
  function say() {
    saidMs = performance.now();
    const etaMs = fraction > 0.02 ? Math.round(((saidMs - startedMs) * (1 - fraction)) / fraction) : -1;
    publishProgress(bus, { jobId, stepId, attempt, fraction, etaMs });
  }
  const timer = setInterval(say, 1_000);
  return {
    update(next) {
      if (!(next > fraction)) return;
      fraction = Math.min(1, next);
      if (performance.now() - saidMs >= 100) say();
    },
    end: () => clearInterval(timer),
  };
}
