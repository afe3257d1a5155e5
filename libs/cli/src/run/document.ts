import type { Failure } from "@pixelmesh/flag-values";
import { toStateName } from "@pixelmesh/json-views";
import { type Job, JobState } from "@pixelmesh/proto";

/** An output that was written to disk. Sizes in pixels and bytes. */
export type SavedOutput = {
  readonly name: string;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly format: string;
  readonly bytes: number;
  readonly sha256: string;
};

/** The result of one picture. Without a job, the picture was refused before its job existed. */
export type PictureResult = {
  readonly path: string;
  readonly job: Job | undefined;
  readonly outputs: readonly SavedOutput[];
  readonly failure: Failure | undefined;
  /** Whether an earlier command has finished it: there is no job. */
  readonly isSkipped?: boolean;
  /** The error behind a failure that is not of the job. */
  readonly cause?: unknown;
};

/** One picture in the document of `run --json`. */
export type JobDocument = ReturnType<typeof toJobDocument>;

/** The document of `run --json`. Its shape is part of the command's contract. Times in milliseconds. */
export type RunDocument = { readonly jobs: readonly JobDocument[]; readonly wallMs: number };

/** Returns the part of the document about one picture. */
export function toJobDocument({ path, job, outputs, failure, isSkipped = false }: PictureResult) {
  const info = job?.sources[0]?.info;
  return {
    id: job?.id ?? null,
    // For the caller, a picture failed if its outputs could not be downloaded or written, even if its job succeeded.
    state:
      failure !== undefined && job?.state !== JobState.CANCELLED
        ? "FAILED"
        : toStateName(isSkipped ? JobState.SUCCEEDED : job?.state),
    skipped: isSkipped,
    source: { path, width: info?.widthPx ?? null, height: info?.heightPx ?? null },
    outputs,
    steps: (job?.steps ?? []).map((step) => ({
      id: step.id,
      operation: step.operation,
      model: step.model || null,
      provider: step.provider || null,
      ms: step.runMs,
      cached: step.cached,
      savedMs: step.savedMs,
      // Of cut-outs by a model: 0 to 1.
      confidence: step.confidence ?? null,
    })),
    adaptations: job?.adaptations ?? [],
    notices: job?.notices ?? [],
    error: failure ?? null,
  };
}
