import { AppError, type Batches } from "@pixelmesh/client";
import { toBatchJobJson } from "@pixelmesh/json-views";
import { type CliIo, isPlain } from "../io.ts";
import { describeBatch, describeFailures } from "./describe-batch.ts";
import { followBatch, isAllSucceeded } from "./follow-batch.ts";
import { createOverallProgress } from "./overall-progress.ts";
import { countFailures } from "./show-batch.ts";

/** What `batches watch` was asked for. */
export type WatchBatchFlags = {
  readonly cursor: string | undefined;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
};

/** Runs `batches watch` and resolves with the exit code: 1 unless all jobs succeeded. Throws BATCH_NOT_FOUND. */
export async function watchBatch(batches: Batches, id: string, flags: WatchBatchFlags, io: CliIo): Promise<number> {
  const { stdout, stderr, env, stopping: signal } = io;
  const { isJson, isQuiet, cursor } = flags;
  const progress = createOverallProgress(stderr, { isPlain: isPlain(stderr, env), isQuiet });
  try {
    const batch = await followBatch(batches, id, {
      ...{ cursor, progress, signal },
      onEnded(job, next) {
        const line = `${JSON.stringify({ ...toBatchJobJson(job), cursor: next })}\n`;
        if (isJson) progress.print(() => stdout.write(line));
      },
    });
    const failures = isJson || batch.jobsFailed === 0 ? [] : await countFailures(batches, id, signal);
    progress.close();
    if (!isJson && !isQuiet) stdout.write(`${describeBatch(batch, false)}${describeFailures(failures)}`);
    return isAllSucceeded(batch) ? 0 : 1;
  } catch (error) {
    throw toTyped(error);
  } finally {
    progress.close();
  }
}

/** Names the flag instead of the field of the request. */
function toTyped(error: unknown): unknown {
  if (!(error instanceof AppError) || !error.message.includes("`cursor`")) return error;
  return new AppError(error.reason, error.message.replace("`cursor`", "`--cursor`"), { cause: error });
}
