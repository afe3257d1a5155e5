import { randomBytes } from "node:crypto";
import { dropDeadLetter, republishDeadLetter } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { isJobEnded } from "@pixelmesh/pipeline";
import type { JobSpec, ReplayDeadLetterRequest, ReplayDeadLetterResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { Tokens } from "@pixelmesh/secrets";
import type { ServiceBase } from "@pixelmesh/service";
import type { BlobClient, ResultCache } from "@pixelmesh/worker";
import type { OpenJobLimiter } from "../../admission/open-job-limiter.ts";
import { createJobId } from "../../domain/job-id.ts";
import type { Orchestrator } from "../../orchestrator/orchestrator.ts";
import type { JobStore, StoredJob } from "../../stores/job-store.ts";
import { toInputRetention } from "../input-retention.ts";
import { visibleTo } from "./caller.ts";
import { findVisible, parseDeadSubject } from "./to-dead-letter.ts";

/** Dependencies of `createReplayDeadLetter`. */
export type ReplayParts = {
  readonly base: Pick<ServiceBase, "bus" | "log">;
  readonly operators: Tokens | undefined;
  readonly store: Pick<JobStore, "find">;
  readonly results: Pick<ResultCache, "removeFailure">;
  readonly blobs: Pick<BlobClient, "extend">;
  readonly limiter: Pick<OpenJobLimiter, "reserve">;
  readonly orchestrator: Pick<Orchestrator, "start">;
};

/**
 * ReplayDeadLetter: a work item of an ended job is retried as a new job of the same specification, because an ended job never runs
 * again. Every other message goes back to its subject.
 */
export function createReplayDeadLetter(parts: ReplayParts) {
  const { base, store } = parts;

  return async ({ sequence }: ReplayDeadLetterRequest, context: CallContext): Promise<ReplayDeadLetterResponse> => {
    const letter = await findVisible(base.bus, sequence, visibleTo(context, parts.operators));
    const { kind, jobId } = parseDeadSubject(letter.subject);
    if (kind !== "work" && kind !== "jobs") {
      throw new AppError(
        "INVALID_ARGUMENT",
        `Expected a message of a queue, got a signal on ${letter.subject}: drop it`,
      );
    }
    const job = kind === "work" ? await store.find(jobId) : undefined;
    if (kind === "work" && !job) throw new AppError("JOB_NOT_FOUND", "The record of the message's job is gone");
    const copy = job && isJobEnded(job.record.state) ? await startCopy(parts, job) : undefined;
    if (!copy) await republishDeadLetter(base.bus, letter);
    await dropDeadLetter(base.bus, sequence);
    base.log.info({ sequence, jobId, newJobId: copy?.jobId }, "dead letter replayed");
    return { jobId: copy?.jobId ?? "" };
  };
}

/** Starts a new job of the same specification. Throws BLOB_NOT_FOUND if a picture of the job is gone, and TOO_MANY_JOBS. */
async function startCopy(
  { results, blobs, limiter, orchestrator }: ReplayParts,
  { spec, record }: StoredJob,
): Promise<JobSpec> {
  const nowUnixMs = Date.now();
  const copy: JobSpec = {
    ...spec,
    jobId: createJobId(nowUnixMs, randomBytes(16), { tenant: spec.tenant, requestId: "" }),
    requestId: "",
    createdUnixMs: nowUnixMs,
    deadlineUnixMs: nowUnixMs + (spec.deadlineUnixMs - spec.createdUnixMs),
  };
  const retention = toInputRetention(copy.jobId, copy.deadlineUnixMs);
  const kept = await Promise.all(spec.sources.map(({ sha256 }) => blobs.extend(sha256, retention)));
  if (!kept.every(Boolean)) throw new AppError("BLOB_NOT_FOUND", "The pictures of the job are no longer stored");
  const reservation = await limiter.reserve(spec.tenant);
  try {
    for (const { resultKey } of record.steps) if (resultKey !== "") await results.removeFailure(resultKey);
    reservation.confirm();
    await orchestrator.start(copy);
    return copy;
  } finally {
    reservation.cancel();
  }
}
