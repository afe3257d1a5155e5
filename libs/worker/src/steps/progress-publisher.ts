import { type Bus, publishProgress, subscribeProgressRequests } from "@pixelmesh/bus";
import type { StepWait, WorkItem } from "@pixelmesh/proto";
import { createStepEstimates, type StepPlace, type TimedStep } from "./step-estimates.ts";

/** Publishes the progress of one step. Before its slot is granted it publishes only what the step waits for. */
export type StepProgressPublisher = {
  /** What the step waits for now; undefined: nothing. */
  waiting(wait: StepWait | undefined): void;
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
/** A wait is published once it has lasted this long, because most waits are shorter. A change of it is published after the same time. */
const waitDelayMs = 150;
/** Interval between messages of a step that waits for its first slot. Watchers forget a wait after 3 s. */
const repeatWaitMs = 1_000;

/**
 * Publishes progress when a slot is granted and the remaining time is known, when progress is made, every 0.3 s, and when an
 * ingest requests it after its start. Publishes what a step waits for after 0.15 s, at each change, and every second.
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
    let wait: StepWait | undefined;
    let publishedWait: StepWait | undefined;
    let waitTimer: NodeJS.Timeout | undefined;
    function publish(): void {
      if (timed === undefined && wait === undefined && publishedWait === undefined) return;
      publishedMs = performance.now();
      publishedWait = wait;
      const reading = timed?.read(publishedMs) ?? { fraction: 0, etaMs: -1 };
      publishProgress(bus, { jobId, stepId, attempt, ...reading, wait });
    }
    function publishWait(): void {
      waitTimer = undefined;
      if (wait !== publishedWait) publish();
      if (wait !== undefined && timed === undefined) waitTimer = setTimeout(repeatWait, repeatWaitMs);
    }
    function repeatWait(): void {
      publish();
      publishWait();
    }
    function publishIfDue(nowMs: number): void {
      if (nowMs - publishedMs >= minIntervalMs) publish();
    }
    return {
      waiting(next) {
        wait = next;
        running.add(publish);
        clearTimeout(waitTimer);
        waitTimer = setTimeout(publishWait, waitDelayMs);
      },
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
        clearTimeout(waitTimer);
        running.delete(publish);
      },
    };
  }
  return { open, close: unsubscribe };
}
