import { randomUUID } from "node:crypto";
import {
  type CreateJobHeader,
  type Job,
  type JobServiceDefinition,
  Pipeline,
  Priority,
  Quality,
} from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc";
import { toDeadlineUnixMs } from "./job-deadline.ts";
import { createPatience } from "./patience.ts";
import { createPictureParts, type Picture } from "./pictures.ts";

/** A pipeline as one writes it: what is left out takes the contract's default. */
export type PipelineInput = Parameters<typeof Pipeline.fromPartial>[0];

/** What to make of which pictures, and how. */
export type CreateJobOptions = {
  readonly pipeline: PipelineInput;
  /** The source first, then further ones that steps name as their input. */
  readonly pictures: readonly Picture[];
  /** Default INTERACTIVE. */
  readonly priority?: Priority;
  /** Default AUTO. */
  readonly quality?: Quality;
  /** Permits smaller sizes, lighter models or a CPU; whatever was done is listed in the job. Default false. */
  readonly allowDegraded?: boolean;
  /** Neither reads nor writes stored results. Default false. */
  readonly noCache?: boolean;
  /** At most 128 characters. Two jobs of one tenant with the same id are one. Default: a fresh one. */
  readonly requestId?: string;
  /** Refuse before work starts; default: the mesh's limit. */
  readonly maxOutputPixels?: number;
  /** When the job fails unless it is done, at most 24 hours ahead; default: the mesh's, 15 minutes after creation. */
  readonly deadline?: Date;
  /** Time for the upload until the job is durable, repeats included; default 15 min. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

const uploadTimeoutMs = 15 * 60_000;

/** CreateJob with its pictures; repeated under the same request id while the mesh does not answer and the pictures allow it. */
export async function createJob(
  rpc: RpcClient<JobServiceDefinition>,
  options: CreateJobOptions,
  patienceMs: number,
): Promise<Job> {
  const { signal } = options;
  const header: CreateJobHeader = {
    pipeline: Pipeline.fromPartial(options.pipeline),
    priority: options.priority ?? Priority.INTERACTIVE,
    quality: options.quality ?? Quality.AUTO,
    allowDegraded: options.allowDegraded ?? false,
    noCache: options.noCache ?? false,
    requestId: options.requestId ?? randomUUID(),
    maxOutputPixels: options.maxOutputPixels ?? 0,
    deadlineUnixMs: toDeadlineUnixMs(options.deadline, options.requestId, Date.now()),
    deadlineAfterMs: 0,
  };
  const parts = createPictureParts(options.pictures);
  async function* requests() {
    yield { part: { $case: "header" as const, value: toSent(header) } };
    yield* parts.read();
    yield { part: { $case: "end" as const, value: {} } };
  }

  const untilMs = performance.now() + (options.timeoutMs ?? uploadTimeoutMs);
  const patience = createPatience(patienceMs);
  for (;;) {
    try {
      const timeoutMs = Math.max(1, untilMs - performance.now());
      return await rpc.createJob(requests(), { timeoutMs, ...(signal ? { signal } : {}) });
    } catch (error) {
      if (parts.failure() !== undefined) throw parts.failure();
      if (!parts.canRepeat()) throw error;
      await patience.wait(error, signal);
    }
  }
}

/** The deadline as the time that remains now: the mesh's clock may differ from this machine's. One that has passed is negative. */
function toSent(header: CreateJobHeader): CreateJobHeader {
  if (header.deadlineUnixMs === 0) return header;
  const remainingMs = Math.round(header.deadlineUnixMs - Date.now());
  return { ...header, deadlineUnixMs: 0, deadlineAfterMs: remainingMs === 0 ? -1 : remainingMs };
}
