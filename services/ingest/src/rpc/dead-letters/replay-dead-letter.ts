import { randomBytes } from "node:crypto";
import { dropDeadLetter, republishDeadLetter } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { isJobEnded } from "@pixelmesh/pipeline";
import type { JobSpec, ReplayDeadLetterRequest, ReplayDeadLetterResponse } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import { createJobId } from "../../domain/job-id.ts";
import type { StoredJob } from "../../stores/job-store.ts";
import type { JobParts } from "../parts.ts";
import { toInputKeep } from "../uploads.ts";
import { visibleTo } from "./caller.ts";
import { getDeadLetter, parseDeadSubject } from "./to-dead-letter.ts";

/**
 * ReplayDeadLetter: work of a job that has ended is tried again as a new job of the same specification, for a terminal job
 * never runs again; everything else goes back to its subject.
 */
export function createReplayDeadLetter(parts: JobParts) {
  const { base, store, results } = parts;

  return async ({ sequence }: ReplayDeadLetterRequest, context: CallContext): Promise<ReplayDeadLetterResponse> => {
    const letter = await getDeadLetter(parts, sequence, visibleTo(context, parts.operators));
    const { kind, jobId } = parseDeadSubject(letter.subject);
    if (kind !== "work" && kind !== "jobs") {
      throw new AppError(
        "INVALID_ARGUMENT",
        `Expected a message of a queue, got a signal on ${letter.subject}: drop it`,
      );
    }
    const job = kind === "work" ? await store.find(jobId) : undefined;
    if (kind === "work" && !job) throw new AppError("JOB_NOT_FOUND", "The record of the message's job is gone");
    const copy = job && isJobEnded(job.record.state) ? await startAgain(job) : undefined;
    if (!copy) await republishDeadLetter(base.bus, letter);
    await dropDeadLetter(base.bus, sequence);
    base.log.info({ sequence, jobId, newJobId: copy?.jobId }, "dead letter replayed");
    return { jobId: copy?.jobId ?? "" };
  };

  async function startAgain({ spec, record }: StoredJob): Promise<JobSpec> {
    const nowUnixMs = Date.now();
    const copy: JobSpec = {
      ...spec,
      jobId: createJobId(nowUnixMs, randomBytes(16)),
      requestId: "",
      createdUnixMs: nowUnixMs,
      deadlineUnixMs: nowUnixMs + (spec.deadlineUnixMs - spec.createdUnixMs),
    };
    const keep = toInputKeep(copy.jobId, copy.deadlineUnixMs);
    const kept = await Promise.all(spec.sources.map(({ sha256 }) => parts.blobs.extend(sha256, keep)));
    if (!kept.every(Boolean)) throw new AppError("BLOB_NOT_FOUND", "The pictures of the job are no longer stored");
    const place = await parts.admission.enter(spec.tenant);
    try {
      for (const { resultKey } of record.steps) if (resultKey !== "") await results.forgive(resultKey);
      place.keep();
      await parts.orchestrator.start(copy);
      return copy;
    } finally {
      place.giveBack();
    }
  }
}
