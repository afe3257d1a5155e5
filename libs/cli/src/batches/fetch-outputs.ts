import { statSync } from "node:fs";
import { AppError, type OutputStatus, type Pixelmesh, type Reason } from "@pixelmesh/client";
import { toFormatWord } from "@pixelmesh/json-views";
import type { SavedOutput } from "../run/document.ts";
import { toFailure } from "../run/failure.ts";
import type { Place } from "../run/plan-paths.ts";
import { writeOutput } from "../run/write-output.ts";
import { digestOf } from "./digest-of.ts";

/** A job that has ended, and where its outputs go. `label` is shown with its failures. */
export type FetchTask = { readonly jobId: string; readonly label: string; readonly place: Place };

/** How outputs are fetched. */
export type FetchOptions = {
  readonly atOnce: number;
  /** Whether files that have the bytes of their output already are left out. */
  readonly skipsExisting: boolean;
  readonly signal: AbortSignal;
  readonly onSaved: (output: SavedOutput) => void;
  readonly onFailure: (text: string) => void;
  /** Called when no more is done about a job. */
  readonly onJobDone?: () => void;
};

/** How many outputs were fetched, were there already, and could not be fetched. */
export type FetchCounts = { readonly saved: number; readonly skipped: number; readonly failed: number };

/** Reasons that concern one output. With any other, the others fail as well. */
const ownReasons: ReadonlySet<Reason> = new Set<Reason>([
  "INVALID_ARGUMENT",
  "JOB_NOT_FOUND",
  "OUTPUT_NOT_FOUND",
  "OUTPUT_NOT_READY",
  "OUTPUT_EXPIRED",
  "BLOB_NOT_FOUND",
  "BLOB_CORRUPT",
]);

/**
 * Fetches the outputs that are ready of each job, several jobs at once, and writes each file atomically. An output that cannot be fetched or written is
 * counted and does not stop the others. Throws where the mesh does not answer, and CANCELLED.
 */
export async function fetchOutputs(
  client: Pick<Pixelmesh, "jobs">,
  tasks: AsyncIterable<FetchTask>,
  { atOnce, skipsExisting, signal, onSaved, onFailure, onJobDone }: FetchOptions,
): Promise<FetchCounts> {
  const counts = { saved: 0, skipped: 0, failed: 0 };

  async function fetchOne({ jobId, place }: FetchTask, output: OutputStatus): Promise<void> {
    const path = place.pathOf(output.name, toFormatWord(output.format));
    if (skipsExisting && (await hasBytes(path, output))) {
      counts.skipped += 1;
      return;
    }
    const { header, chunks } = await client.jobs.download(jobId, output.name, { signal });
    await writeOutput(path, chunks, { signal });
    const { name, widthPx: width, heightPx: height, sizeBytes: bytes, sha256 } = header;
    counts.saved += 1;
    onSaved({ name, path, width, height, format: toFormatWord(header.format), bytes, sha256 });
  }
  /** Resolves to undefined after a failure that is not of the others. */
  async function attempt<T>({ label }: FetchTask, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (signal.aborted || !isOwn(error)) throw error;
      counts.failed += 1;
      const { reason, message } = toFailure(error);
      onFailure(`${label}: ${reason}: ${message}`);
      return undefined;
    }
  }
  async function readOutputs({ jobId, place }: FetchTask): Promise<readonly OutputStatus[]> {
    if (place.refusal !== undefined) throw place.refusal;
    return (await client.jobs.get(jobId, { signal })).outputs.filter(({ ready }) => ready);
  }
  async function fetchJob(task: FetchTask): Promise<void> {
    const outputs = (await attempt(task, () => readOutputs(task))) ?? [];
    for (const output of outputs) await attempt(task, () => fetchOne(task, output));
    onJobDone?.();
  }

  const queue = tasks[Symbol.asyncIterator]();
  async function work(): Promise<void> {
    for (let next = await queue.next(); next.done !== true; next = await queue.next()) await fetchJob(next.value);
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
    return counts;
  } finally {
    queue.return?.()?.catch(() => {});
  }
}

function isOwn(error: unknown): boolean {
  if (error instanceof AppError) return ownReasons.has(error.reason);
  return typeof (error as NodeJS.ErrnoException).syscall === "string";
}

async function hasBytes(path: string, { sizeBytes, sha256 }: OutputStatus): Promise<boolean> {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && stats.size === sizeBytes && (await digestOf(path)) === sha256;
}
