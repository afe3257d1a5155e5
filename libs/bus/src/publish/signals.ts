import { createHash } from "node:crypto";
import type { Msg } from "@nats-io/transport-node";
import { AppError } from "@pixelmesh/errors";
import { CancelSignal, StepProgress } from "@pixelmesh/proto";
import { parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";
import { waitForBroker } from "../connection/wait-for-broker.ts";
import { publishDeadLetter } from "./dead-letters.ts";

/**
 * What a watcher of one job hears: its record changed, to a revision that is 0 where it is not known, or a step of it
 * progressed. Lossy: the record is the truth.
 */
export type JobSignal =
  | { readonly $case: "changed"; readonly revision: number }
  | { readonly $case: "progress"; readonly progress: StepProgress };

/** Says that the record of a job changed. */
export function publishChanged(bus: Bus, jobId: string, revision: number): void {
  bus.nc.publish(`changed.${jobId}`, String(revision));
}

/** Says how far a running step is. */
export function publishProgress(bus: Bus, progress: StepProgress): void {
  bus.nc.publish(`progress.${progress.jobId}`, StepProgress.encode(progress).finish());
}

/** Asks every worker how far its running steps are: each says so at once. */
export function publishProgressAsk(bus: Bus): void {
  bus.nc.publish("ask.progress");
}

/** Calls back when an ingest asks how far the running steps are. Answers how to end that. */
export function subscribeProgressAsks(bus: Bus, onAsk: () => void): () => void {
  const subscription = bus.nc.subscribe("ask.progress", { callback: onAsk });
  return () => subscription.unsubscribe();
}

/** Tells workers that the job has ended and its running steps are wanted no more, except those that other jobs wait for. */
export function publishCancel(bus: Bus, jobId: string, keptStepIds: readonly string[] = []): void {
  bus.nc.publish(`cancel.${jobId}`, CancelSignal.encode({ keptStepIds: [...keptStepIds] }).finish());
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
    callback(_error, message) {
      const revision = Number(message.string());
      const jobId = message.subject.slice("changed.".length);
      onSignal(jobId, { $case: "changed", revision: Number.isSafeInteger(revision) ? revision : 0 });
    },
  });
  const progress = bus.nc.subscribe("progress.*", {
    callback: (_error, message) => {
      try {
        const said = parseMessage(StepProgress, message.data, message.subject);
        if (message.subject !== `progress.${said.jobId}`) throw new AppError("MALFORMED_MESSAGE", "Another job's");
        onSignal(said.jobId, { $case: "progress", progress: said });
      } catch {
        buryMalformed(bus, "progress", message);
      }
    },
  });
  await waitForBroker(bus.log, () => bus.nc.flush());
  return () => {
    changed.unsubscribe();
    progress.unsubscribe();
  };
}

/** Calls back with the id of every job whose work is wanted no more, and its steps that are. Answers how to end that. */
export function subscribeCancels(
  bus: Bus,
  onCancel: (jobId: string, keptStepIds: readonly string[]) => void,
): () => void {
  const subscription = bus.nc.subscribe("cancel.*", {
    callback(_error, message) {
      try {
        const { keptStepIds } = parseMessage(CancelSignal, message.data, message.subject);
        onCancel(message.subject.slice("cancel.".length), keptStepIds);
      } catch {
        buryMalformed(bus, "cancel", message);
      }
    },
  });
  return () => subscription.unsubscribe();
}

/** Counts bytes that are not their subject's message and keeps them once, however many processes heard them. */
function buryMalformed(bus: Bus, stream: string, { subject, data }: Msg): void {
  bus.metrics.count("pixelmesh_malformed_messages_total", { stream });
  const messageId = createHash("sha256").update(subject).update(data).digest("hex");
  publishDeadLetter(bus, {
    subject,
    payload: data,
    reason: "MALFORMED_MESSAGE",
    traceparent: "",
    tenant: "",
    messageId,
  }).catch((error: unknown) => bus.log.warn({ err: error, subject }, "dead letter of a malformed signal not stored"));
}
