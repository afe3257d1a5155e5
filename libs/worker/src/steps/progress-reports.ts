import { type Bus, publishProgress, subscribeProgressAsks } from "@pixelmesh/bus";
import type { WorkItem } from "@pixelmesh/proto";
import { createStepEstimates, type StepPlace, type TimedStep } from "./step-estimates.ts";

/** What is said of one running step. Nothing is said before its slot is granted. */
export type ProgressReport = {
  granted(place: StepPlace): void;
  update(fraction: number): void;
  /** The run is over, its result is being stored. */
  storing(): void;
  /** The result is stored. */
  done(): void;
  /** Ends the report, however the step ended. */
  end(): void;
};

/** Says how far the steps of this process are. */
export type ProgressReports = { open(item: WorkItem): ProgressReport; close(): void };

/** A running step is heard of at least so often: after 3 s of silence its watchers take it for stopped. */
const sayEveryMs = 300;
const minIntervalMs = 100;
/** A step that is over sooner says nothing: its end does. */
const worthSayingMs = 500;

/**
 * Reports to whoever watches: when a slot is granted and the time left is known, when progress comes, every 0.3 s, and when an
 * ingest that has just started asks.
 */
export function createProgressReports(bus: Bus): ProgressReports {
  const estimates = createStepEstimates();
  const running = new Set<() => void>();
  const endAsks = subscribeProgressAsks(bus, () => {
    for (const say of running) say();
  });

  function open({ jobId, stepId, attempt, ...rest }: WorkItem): ProgressReport {
    let timed: TimedStep | undefined;
    let timer: NodeJS.Timeout | undefined;
    let saidMs = 0;
    function say(): void {
      if (timed === undefined) return;
      saidMs = performance.now();
      publishProgress(bus, { jobId, stepId, attempt, ...timed.read(saidMs) });
    }
    return {
      granted(place) {
        if (timed !== undefined) return;
        saidMs = performance.now();
        timed = estimates.begin({ jobId, stepId, attempt, ...rest }, place, saidMs);
        running.add(say);
        timer = setInterval(say, sayEveryMs);
        if (timed.read(saidMs).etaMs > worthSayingMs) say();
      },
      update(fraction) {
        const nowMs = performance.now();
        timed?.progress(fraction, nowMs);
        if (nowMs - saidMs >= minIntervalMs) say();
      },
      storing() {
        const nowMs = performance.now();
        timed?.storing(nowMs);
        if (nowMs - saidMs >= minIntervalMs) say();
      },
      done: () => timed?.done(performance.now()),
      end() {
        clearInterval(timer);
        running.delete(say);
      },
    };
  }
  return { open, close: endAsks };
}
