import { PassThrough } from "node:stream";
import type { Batch, BatchJob, Pixelmesh } from "@pixelmesh/client";
import { escapeLine } from "../format/safe-text.ts";
import type { TextSink } from "../io.ts";
import type { SavedOutput } from "../run/document.ts";
import type { Place } from "../run/plan-paths.ts";
import { toOutputLines } from "../run/summary.ts";
import { type FetchTask, fetchOutputs } from "./fetch-outputs.ts";
import { followBatch } from "./follow-batch.ts";
import type { OverallProgress } from "./overall-progress.ts";

/** How a batch is followed, and where its outputs go. */
export type FollowWithOutputsOptions = {
  /** The places of the outputs of each picture of the batch; undefined if they are not fetched. */
  readonly places: readonly (Place | undefined)[] | undefined;
  /** Jobs whose outputs are fetched at once. */
  readonly atOnce: number;
  /** Whether outputs are returned instead of printed. */
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly stdout: TextSink;
  readonly progress: OverallProgress;
  readonly signal: AbortSignal;
};

/** An ended batch. */
export type EndedBatch = {
  readonly batch: Batch;
  /** Empty unless `isJson`. */
  readonly outputs: readonly SavedOutput[];
  /** Outputs that could not be fetched. */
  readonly notFetched: number;
};

/** Follows a batch to its end and fetches the outputs of each job as it ends, so that none expires before. */
export async function followWithOutputs(
  client: Pixelmesh,
  id: string,
  options: FollowWithOutputsOptions,
): Promise<EndedBatch> {
  const { places, atOnce, isJson, isQuiet, stdout, progress } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  // Holds at most the ids and paths of all jobs of the batch.
  const tasks = new PassThrough({ objectMode: true });
  // Written to after its reader has failed.
  tasks.on("error", () => {});
  const outputs: SavedOutput[] = [];
  const onEnded = ({ jobId, index, name }: BatchJob) => {
    const place = places?.[index];
    if (place && jobId !== "") tasks.write({ jobId, label: escapeLine(name), place } satisfies FetchTask);
  };
  const onSaved = (output: SavedOutput) => {
    if (isJson) outputs.push(output);
    else if (!isQuiet) progress.print(() => stdout.write(toOutputLines({ outputs: [output] })));
  };
  const fetching = fetchOutputs(client, tasks, {
    ...{ atOnce, skipsExisting: false, signal },
    ...{ onSaved, onFailure: progress.fail },
  });
  const following = followBatch(client.batches, id, { progress, signal, onEnded }).finally(() => tasks.end());
  try {
    const [batch, { failed: notFetched }] = await Promise.all([following, fetching]);
    return { batch, outputs, notFetched };
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}
