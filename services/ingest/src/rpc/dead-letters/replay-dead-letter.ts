import { type DeadLetter, dropDeadLetter, republishDeadLetter } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { isJobEnded } from "@pixelmesh/pipeline";
import { CallbackEntry, type ReplayDeadLetterRequest, type ReplayDeadLetterResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { Tokens } from "@pixelmesh/secrets";
import type { ServiceBase } from "@pixelmesh/service";
import type { CallbackStore } from "../../callbacks/callback-store.ts";
import { retryStored } from "../../callbacks/retry-stored.ts";
import type { JobStore } from "../../stores/job-store.ts";
import { type CopyParts, createStartCopy } from "../start-copy.ts";
import { visibleTo } from "./caller.ts";
import { findVisible, parseDeadSubject } from "./to-dead-letter.ts";

/** Dependencies of `createReplayDeadLetter`. */
export type ReplayParts = CopyParts & {
  readonly base: Pick<ServiceBase, "bus" | "log">;
  readonly store: Pick<JobStore, "find">;
  readonly operators: Tokens | undefined;
  readonly callbacks: Pick<CallbackStore, "create" | "get" | "update">;
};

/**
 * ReplayDeadLetter: a work item of an ended job is retried as a new job of the same specification, because an ended job never runs
 * again. A callback is made again from its first attempt. Every other message goes back to its subject.
 */
export function createReplayDeadLetter(parts: ReplayParts) {
  const { base, store } = parts;
  const startCopy = createStartCopy(parts);

  return async ({ sequence }: ReplayDeadLetterRequest, context: CallContext): Promise<ReplayDeadLetterResponse> => {
    const letter = await findVisible(base.bus, sequence, visibleTo(context, parts.operators));
    const { kind, jobId } = parseDeadSubject(letter.subject);
    if (kind === "callbacks") {
      await replayCallback(parts.callbacks, letter);
      await dropDeadLetter(base.bus, sequence);
      base.log.info({ sequence, jobId }, "dead letter of a callback replayed");
      return { jobId: "" };
    }
    if (kind !== "work" && kind !== "jobs") {
      throw new AppError(
        "INVALID_ARGUMENT",
        `Expected a message of a queue, got a signal on ${letter.subject}: drop it`,
      );
    }
    const job = kind === "work" ? await store.find(jobId) : undefined;
    if (kind === "work" && !job) throw new AppError("JOB_NOT_FOUND", "The record of the message's job is gone");
    const copy = job && isJobEnded(job.record.state) ? await startCopy(job, "", context.signal) : undefined;
    if (!copy) await republishDeadLetter(base.bus, letter);
    await dropDeadLetter(base.bus, sequence);
    base.log.info({ sequence, jobId, newJobId: copy?.spec.jobId }, "dead letter replayed");
    return { jobId: copy?.spec.jobId ?? "" };
  };
}

/** The entry of the callback may be removed before its dead letter, which holds it too. */
async function replayCallback(callbacks: ReplayParts["callbacks"], { payload }: DeadLetter): Promise<void> {
  const entry = CallbackEntry.decode(payload);
  await callbacks.create(entry);
  await retryStored(callbacks, entry);
}
