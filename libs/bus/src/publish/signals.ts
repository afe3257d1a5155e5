import { createHash } from "node:crypto";
import type { Msg } from "@nats-io/transport-node";
import { AppError } from "@pixelmesh/errors";
import { CancelSignal, StepProgress } from "@pixelmesh/proto";
import { parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";
import { waitForBroker } from "../connection/wait-for-broker.ts";
import { publishDeadLetter } from "./dead-letters.ts";

/**
 * A signal to the watchers of a job: its record changed (to `revision`; 0: unknown), or one of its steps progressed. Signals may be
 * lost; the record is authoritative.
 */
export type JobSignal =
  | { readonly $case: "changed"; readonly revision: number }
  | { readonly $case: "progress"; readonly progress: StepProgress };

/** Signals that the record of a job changed. */
export function publishChanged(bus: Bus, jobId: string, revision: number): void {
  bus.nc.publish(`changed.${jobId}`, String(revision));
}

/** Publishes the progress of a running step. */
export function publishProgress(bus: Bus, progress: StepProgress): void {
  bus.nc.publish(`progress.${progress.jobId}`, StepProgress.encode(progress).finish());
}

/** Asks every worker to publish the progress of its running steps now. */
export function publishProgressRequest(bus: Bus): void {
  bus.nc.publish("ask.progress");
}

/** Calls `onAsk` when an ingest asks for the progress of running steps. Returns a function that unsubscribes. */
export function subscribeProgressRequests(bus: Bus, onAsk: () => void): () => void {
  const subscription = bus.nc.subscribe("ask.progress", { callback: onAsk });
  return () => subscription.unsubscribe();
}

/** Cancels the running steps of an ended job, except `keptStepIds`, for which other jobs wait. */
export function publishCancel(bus: Bus, jobId: string, keptStepIds: readonly string[] = []): void {
  bus.nc.publish(`cancel.${jobId}`, CancelSignal.encode({ keptStepIds: [...keptStepIds] }).finish());
}

/**
 * Calls `onSignal` for every signal of any job; one subscription serves all watchers of a process. Resolves once the broker has
 * the subscription, so that reading a record afterwards misses no change. Resolves with a function that unsubscribes.
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
        const step = parseMessage(StepProgress, message.data, message.subject);
        if (message.subject !== `progress.${step.jobId}`)
          throw new AppError("MALFORMED_MESSAGE", "The message belongs on another subject");
        onSignal(step.jobId, { $case: "progress", progress: step });
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

/** Calls `onCancel` with the id of every cancelled job, and its steps that go on. Returns a function that unsubscribes. */
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

/** Counts a malformed message and stores it as a dead letter, once for all processes that received it. */
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
