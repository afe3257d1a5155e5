import { type Bus, subscribeCancels } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import type { WorkItem } from "@pixelmesh/proto";

/** The steps that a worker has in hand, and what ends them before their time. */
export type RunningSteps = {
  /** Runs `act` with a signal that fires on the end of its job, at its deadline, and when the worker stops at once. */
  run<T>(item: WorkItem, act: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Ends what still runs with STOPPING. */
  stopNow(): void;
  close(): void;
};

type Running = { readonly stepId: string; readonly controller: AbortController };

/** Listens for ended jobs; a step that other jobs wait for goes on although its own job has ended. */
export function createRunningSteps(bus: Bus): RunningSteps {
  const byJob = new Map<string, Set<Running>>();
  const stopping = new AbortController();
  const endCancels = subscribeCancels(bus, (jobId, keptStepIds) => {
    for (const { stepId, controller } of byJob.get(jobId) ?? [])
      if (!keptStepIds.includes(stepId)) controller.abort(new AppError("CANCELLED", "The job has ended"));
  });

  return {
    async run(item, act) {
      const controller = new AbortController();
      const running = { stepId: item.stepId, controller };
      const siblings = byJob.get(item.jobId) ?? new Set();
      byJob.set(item.jobId, siblings.add(running));
      const timer = setTimeout(
        () => controller.abort(new AppError("DEADLINE_EXCEEDED", "The deadline passed before the step was done")),
        Math.max(0, item.deadlineUnixMs - Date.now()),
      );
      try {
        return await act(AbortSignal.any([controller.signal, stopping.signal]));
      } finally {
        clearTimeout(timer);
        siblings.delete(running);
        if (siblings.size === 0) byJob.delete(item.jobId);
      }
    },
    stopNow: () => stopping.abort(new AppError("STOPPING", "This worker is stopping")),
    close: endCancels,
  };
}
