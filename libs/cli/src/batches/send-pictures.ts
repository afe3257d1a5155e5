import { AppError, type BatchPicture, type Pixelmesh } from "@pixelmesh/client";
import type { Failure } from "@pixelmesh/flag-values";
import { escapeLine } from "../format/safe-text.ts";
import { createPace } from "../run/pace.ts";
import type { CreateBatchFlags } from "./create-flags.ts";
import type { OverallProgress } from "./overall-progress.ts";
import { type UploadOutcome, uploadPictures } from "./upload-pictures.ts";

/** The pictures that the mesh has. */
export type BatchPictures = {
  readonly sources: readonly BatchPicture[];
  /** The place of each source among the pictures of the command. */
  readonly indexes: readonly number[];
  /** The files that could not be read. */
  readonly leftOut: readonly ({ readonly path: string } & Failure)[];
};

/** The mesh keeps a picture so long until its batch is created. */
const keptMs = 3_600_000;

/** Uploads the pictures of a command and shows how far it is. Throws INVALID_ARGUMENT where none can be read. */
export async function sendPictures(
  client: Pixelmesh,
  { run, names, isDetached }: CreateBatchFlags,
  progress: OverallProgress,
  signal: AbortSignal,
): Promise<BatchPictures> {
  const { pictures, picturesAtOnce: atOnce } = run;
  const leftOut: ({ readonly path: string } & Failure)[] = [];
  const counter = createCounter(pictures.length, atOnce, progress);
  const beganMs = performance.now();
  progress.note(`sending ${pictures.length} pictures`);
  const digests = await uploadPictures(client, pictures, {
    ...{ atOnce, signal, onBegin: counter.begin },
    onEnd(index, outcome, failure) {
      const path = pictures[index] as string;
      if (failure && outcome === "unread") leftOut.push({ path, ...failure });
      // Of a picture in the batch, the failed job tells why.
      const isTold = outcome === "unread" || isDetached;
      if (failure && isTold) progress.fail(`${escapeLine(path)}: ${failure.reason}: ${failure.message}`);
      counter.end(outcome);
    },
  });
  if (performance.now() - beganMs > keptMs)
    progress.fail(
      "sending took more than an hour: the mesh may not have the first pictures any more. Send fewer at once",
    );
  const indexes = [...digests.keys()].filter((index) => digests[index] !== undefined);
  if (indexes.length === 0)
    throw new AppError("INVALID_ARGUMENT", `Expected pictures that can be read, got none among ${pictures.length}`);
  const sources = indexes.map((index) => ({ sha256: digests[index] as string, name: names[index] as string }));
  return { sources, indexes, leftOut };
}

/** Counts uploads, and shows their number and pace. */
function createCounter(total: number, atOnce: number, progress: OverallProgress) {
  const counts = { done: 0, failed: 0, skipped: 0 };
  const pace = createPace(atOnce);
  let running = 0;
  pace.begin(performance.now());
  return {
    begin() {
      running += 1;
    },
    end(outcome: UploadOutcome) {
      running -= 1;
      counts[outcome === "sent" ? "done" : "failed"] += 1;
      const nowMs = performance.now();
      pace.end(nowMs);
      const left = total - counts.done - counts.failed;
      progress.show({
        ...{ ...counts, total, running },
        ...{ perSecond: pace.perSecond(nowMs), leftMs: pace.leftMs(left, nowMs) },
      });
    },
  };
}
