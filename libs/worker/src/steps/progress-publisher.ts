import { type Bus, publishProgress, subscribeProgressRequests } from "@pixelmesh/bus";
import type { WorkItem } from "@pixelmesh/proto";
import { createStepEstimates, type StepPlace, type TimedStep } from "./step-estimates.ts";

/** Publishes the progress of one running step. Publishes nothing before its slot is granted. */
export type StepProgressPublisher = {
  granted(place: StepPlace): void;
  update(fraction: number): void;
  /** The run is over; its result is being stored. */
  storing(): void;
  /** The result is stored. */
  done(): void;
  /** Stops publishing, however the step ended. */
  end(): void;
};

/** Publishes the progress of this process's steps. */
export type ProgressPublisher = { open(item: WorkItem): StepProgressPublisher; close(): void };

/** Interval between progress messages. Watchers assume that a step has stopped after 3 s without one. */
const publishEveryMs = 300;
const minIntervalMs = 100;
/** A step that is expected to take less publishes nothing at its start. */
const minExpectedMs = 500;

/**
 * Publishes progress when a slot is granted and the remaining time is known, when progress is made, every 0.3 s, and when an
 * ingest requests it after its start.
 */
export function createProgressPublisher(bus: Bus): ProgressPublisher {
  const estimates = createStepEstimates();
  const running = new Set<() => void>();
  const unsubscribe = subscribeProgressRequests(bus, () => {
    for (const publish of running) publish();
  });

  function open(item: WorkItem): StepProgressPublisher {
    const { jobId, stepId, attempt } = item;
    let timed: TimedStep | undefined;
    let timer: NodeJS.Timeout | undefined;
    let publishedMs = 0;
    function publish(): void {
      if (timed === undefined) return;
      publishedMs = performance.now();
      publishProgress(bus, { jobId, stepId, attempt, ...timed.read(publishedMs) });
    }
    function publishIfDue(nowMs: number): void {
      if (nowMs - publishedMs >= minIntervalMs) publish();
    }
    return {
      granted(place) {
        if (timed !== undefined) return;
        publishedMs = performance.now();
        timed = estimates.begin(item, place, publishedMs);
        running.add(publish);
        timer = setInterval(publish, publishEveryMs);
        if (timed.read(publishedMs).etaMs > minExpectedMs) publish();
      },
      update(fraction) {
        const nowMs = performance.now();
        timed?.progress(fraction, nowMs);
        publishIfDue(nowMs);
      },
      storing() {
        const nowMs = performance.now();
        timed?.storing(nowMs);
        publishIfDue(nowMs);
      },
      done: () => timed?.done(performance.now()),
      end() {
        clearInterval(timer);
        running.delete(publish);
      },
    };
  }
  return { open, close: unsubscribe };
}
