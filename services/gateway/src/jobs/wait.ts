import { expected } from "@pixelmesh/errors";
import { durationFlag } from "@pixelmesh/flag-values";
import { type Job, JobState } from "@pixelmesh/proto";
import { parsePrefer } from "../domain/prefer.ts";
import { inQuery } from "../domain/typed-query.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";

/** How long a request may wait for its job. */
export type WaitRules = { readonly defaultMs: number; readonly maxMs: number };

/**
 * Returns how long a request waits: `wait=…` of the query, else its `Prefer` header, else the route's default. `wait` above the limit is refused; a
 * preference above it is shortened, as RFC 7240 allows. Throws INVALID_ARGUMENT.
 */
export function waitMsOf(query: URLSearchParams, prefer: string | undefined, { defaultMs, maxMs }: WaitRules): number {
  const text = query.get("wait");
  if (text !== null) {
    if (text === "0") return 0;
    const ms = inQuery(() => durationFlag("--wait", "0s", "24h")(text));
    if (ms > maxMs) throw expected("wait", `at most ${maxMs / 1000}s`, text);
    return ms;
  }
  const { respondAsync, waitMs } = parsePrefer(prefer);
  if (respondAsync && waitMs === undefined) return 0;
  return Math.min(waitMs ?? defaultMs, maxMs);
}

/** Whether a job is in a terminal state. */
export function isEnded({ state }: Job): boolean {
  return state === JobState.SUCCEEDED || state === JobState.FAILED || state === JobState.CANCELLED;
}

/** Resolves to the job when it has ended, or as it last was after `waitMs`. Throws what ingest throws, and the signal's reason. */
export async function waitForEnd(
  { jobs }: Pick<IngestClients, "jobs">,
  job: Job,
  waitMs: number,
  call: IngestCall,
): Promise<Job> {
  if (waitMs <= 0 || isEnded(job)) return job;
  const timeout = AbortSignal.timeout(waitMs);
  let last = job;
  try {
    for await (const next of jobs.watchJob(
      { jobId: job.id },
      { ...call, signal: AbortSignal.any([call.signal, timeout]) },
    ))
      last = next;
  } catch (error) {
    call.signal.throwIfAborted();
    if (!timeout.aborted) throw error;
  }
  return last;
}
