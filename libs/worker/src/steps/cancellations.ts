import { type Bus, subscribeCancels } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import type { WorkItem } from "@pixelmesh/proto";

/** Cancels the running steps of a worker. */
export type Cancellations = {
  /** Runs `act` with a signal that is aborted when the job is cancelled, at its deadline, and on `stopAll`. */
  run<T>(item: WorkItem, act: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Aborts all running steps with STOPPING. */
  stopAll(): void;
  close(): void;
};

type RunningStep = { readonly stepId: string; readonly controller: AbortController };

/** Listens for cancelled jobs. A step that other jobs wait for continues. */
export function createCancellations(bus: Bus): Cancellations {
  const byJob = new Map<string, Set<RunningStep>>();
  const stopping = new AbortController();
  const unsubscribe = subscribeCancels(bus, (jobId, keptStepIds) => {
    for (const { stepId, controller } of byJob.get(jobId) ?? [])
      if (!keptStepIds.includes(stepId)) controller.abort(new AppError("CANCELLED", "The job has ended"));
  });

  return {
    async run(item, act) {
      const controller = new AbortController();
      const step = { stepId: item.stepId, controller };
      const steps = byJob.get(item.jobId) ?? new Set();
      byJob.set(item.jobId, steps.add(step));
      const timer = setTimeout(
        () => controller.abort(new AppError("DEADLINE_EXCEEDED", "The deadline passed before the step was done")),
        Math.max(0, item.deadlineUnixMs - Date.now()),
      );
      try {
        return await act(AbortSignal.any([controller.signal, stopping.signal]));
      } finally {
        clearTimeout(timer);
        steps.delete(step);
        if (steps.size === 0) byJob.delete(item.jobId);
      }
    },
    stopAll: () => stopping.abort(new AppError("STOPPING", "This worker is stopping")),
    close: unsubscribe,
  };
}
