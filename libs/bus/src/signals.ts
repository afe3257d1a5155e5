import { StepProgress } from "@pixelmesh/proto";
import type { Bus } from "./connect.ts";

/** What a watcher of one job hears: its record changed, or a step of it progressed. Lossy: the record is the truth. */
export type JobSignal = { readonly $case: "changed" } | { readonly $case: "progress"; readonly progress: StepProgress };

/** Says that the record of a job changed. */
export function publishChanged(bus: Bus, jobId: string): void {
  bus.nc.publish(`changed.${jobId}`);
}

/** Says how far a running step is. */
export function publishProgress(bus: Bus, progress: StepProgress): void {
  bus.nc.publish(`progress.${progress.jobId}`, StepProgress.encode(progress).finish());
}

/** Tells workers that the job has ended and its running steps are wanted no more. */
export function publishCancel(bus: Bus, jobId: string): void {
  bus.nc.publish(`cancel.${jobId}`);
}

/**
 * Calls back for every signal about any job; one subscription serves all watchers of a process. Resolves once the broker
 * knows of it: who reads a record after that misses no change. Answers how to end it.
 */
export async function subscribeSignals(
  bus: Bus,
  onSignal: (jobId: string, signal: JobSignal) => void,
): Promise<() => void> {
  const changed = bus.nc.subscribe("changed.*", {
    callback: (_error, message) => onSignal(message.subject.slice("changed.".length), { $case: "changed" }),
  });
  const progress = bus.nc.subscribe("progress.*", {
    callback: (_error, message) => {
      try {
        const said = StepProgress.decode(message.data);
        onSignal(said.jobId, { $case: "progress", progress: said });
      } catch {
        bus.metrics.count("pixelmesh_malformed_messages_total", { stream: "progress" });
      }
    },
  });
  await bus.nc.flush();
  return () => {
    changed.unsubscribe();
    progress.unsubscribe();
  };
}

/** Calls back with the id of every job whose work is wanted no more. Answers how to end that. */
export function subscribeCancels(bus: Bus, onCancel: (jobId: string) => void): () => void {
  const subscription = bus.nc.subscribe("cancel.*", {
    callback: (_error, message) => onCancel(message.subject.slice("cancel.".length)),
  });
  return () => subscription.unsubscribe();
}
