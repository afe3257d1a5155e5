import { join } from "node:path";
import type { Job, Pixelmesh } from "@pixelmesh/client";
import { AppError } from "@pixelmesh/errors";
import { escapeLine } from "../format/safe-text.ts";
import type { TextSink } from "../io.ts";
import type { PictureResult } from "../run/document.ts";
import type { Finished } from "../run/finished.ts";
import { furtherInputs, type Place } from "../run/plan-paths.ts";
import type { PipelinePlan } from "../run/plan-pipeline.ts";
import type { Progress } from "../run/progress.ts";
import { runOnce } from "../run/run-once.ts";
import type { PictureTask } from "../run/run-picture.ts";
import { type Counts, outcomeOf, toOutputLines, toSummary } from "../run/summary.ts";
import { createBell } from "./bell.ts";
import { type FileTracker, isSameSight, type ReadyFile } from "./file-tracker.ts";
import type { OutputStems } from "./output-stems.ts";
import type { ReportFile } from "./report-file.ts";
import { sightOf } from "./scan-folder.ts";
import { troubleOf } from "./trouble-of.ts";
import type { Troubles } from "./troubles.ts";
import type { WatchFlags } from "./watch-flags.ts";

/** What the workers of a watched folder use. */
export type WorkersOptions = {
  readonly client: Pixelmesh;
  readonly flags: WatchFlags;
  readonly plan: PipelinePlan;
  readonly tracker: FileTracker;
  readonly finished: Finished;
  readonly stems: OutputStems;
  /** Returns the paths of the outputs of a stem. */
  readonly toPlace: (stem: string) => Place;
  readonly report: ReportFile | undefined;
  readonly troubles: Troubles;
  readonly progress: Progress;
  readonly stdout: TextSink;
  /** Called after each picture. */
  readonly onEnd: () => void;
  /** No further picture is begun when this is aborted. Those in work go on to their end. */
  readonly stopping: AbortSignal;
};

/** Processes the files that a tracker has ready. */
export type Workers = {
  /** Looks for ready files. */
  wake(): void;
  counts(): Counts;
  /** Resolves when the work has stopped and the pictures in work have ended. */
  readonly done: Promise<void>;
};

const idleMs = 60_000;
/** A picture that finds the mesh or the place of outputs missing this often, while others do not, has failed itself. */
const maxTries = 3;

/** Starts the workers, `--jobs` of them. */
export function createWorkers(options: WorkersOptions): Workers {
  const { tracker, flags, progress, onEnd, stopping } = options;
  const bell = createBell();
  const counts = { done: 0, skipped: 0, failed: 0 };
  const handle = createHandler(options);

  async function work(): Promise<void> {
    while (!stopping.aborted) {
      const file = tracker.take();
      if (file === undefined) {
        await bell.wait(idleMs, stopping);
        continue;
      }
      const { ready, taken } = tracker.counts();
      progress.expect(counts.done + counts.skipped + counts.failed + ready + taken);
      const result = await handle(file);
      if (result !== undefined) counts[outcomeOf(result)] += 1;
      onEnd();
    }
  }
  return {
    wake: bell.ring,
    counts: () => ({ ...counts }),
    done: Promise.all(Array.from({ length: flags.picturesAtOnce }, work)).then(() => {}),
  };
}

/** Returns a function that processes a file. Resolves to its result; undefined for one that is gone, changes, or is tried again later. */
function createHandler(options: WorkersOptions): (file: ReadyFile) => Promise<PictureResult | undefined> {
  const { client, flags, tracker, finished, stems, troubles, progress, stopping } = options;
  const tries = createTries();
  const further = furtherInputs(flags);

  return async (file) => {
    const path = join(flags.folder, file.path);
    // Before anything is awaited, so that stems are given in the order of the files.
    const stem = stems.of(file.path);
    const isUnchanged = async () => {
      const sight = await sightOf(path);
      if (sight) tracker.see(file.path, sight, performance.now());
      else tracker.miss(file.path);
      return sight !== undefined && isSameSight(sight, file.sight);
    };
    if (!(await isUnchanged())) {
      tracker.end(file.path);
      return undefined;
    }
    const label = escapeLine(path);
    const beginMs = performance.now();
    progress.begin(label);
    const task = toTask(path, stem, options);
    // Ctrl-C lets pictures in work end.
    const { signal } = new AbortController();
    const events = { onJob: (job: Job) => progress.update(label, job), onTraffic() {} };
    const origin = { source: file.path, stem };
    const result = await runOnce(client, task, events, signal, { finished, origin, isUnchanged });
    const trouble = troubleOf(result, [path, ...further]);
    if (trouble !== undefined && (await sightOf(path)) && tries.mayTryAgain(file.path)) {
      progress.putBack(label);
      tracker.putBack(file.path);
      troubles.note(trouble, textOf(result));
      await troubles.pause(stopping);
      return undefined;
    }
    if (trouble === undefined && (result.job !== undefined || result.cause instanceof AppError)) troubles.clear("mesh");
    const isSuccess = result.failure === undefined && !result.isSkipped;
    tries.end(file.path, isSuccess);
    if (isSuccess) troubles.clear("outputs");
    // The failure of a file that is gone or changes says nothing.
    const isTold = (await isUnchanged()) || result.failure === undefined;
    if (isTold) await tell(result, performance.now() - beginMs, options);
    else progress.putBack(label);
    tracker.end(file.path);
    return isTold ? result : undefined;
  };
}

function toTask(path: string, stem: string, { flags, plan, toPlace }: WorkersOptions): PictureTask {
  return { path, flags, ...plan, ...toPlace(stem), streams: {} };
}

function textOf({ cause, failure }: PictureResult): string {
  return cause instanceof AppError ? `${failure?.reason}: ${failure?.message}` : (cause as Error).message;
}

/** Shows a result, and adds it to the report. Waits while that cannot be written. */
async function tell(result: PictureResult, ms: number, options: WorkersOptions): Promise<void> {
  const { flags, report, progress, stdout, troubles, stopping } = options;
  // After a restart most pictures are finished already. Only the totals count them.
  while (report !== undefined && !result.isSkipped) {
    try {
      await report.add({ ...result, ms });
      troubles.clear("report");
      break;
    } catch (error) {
      troubles.note("report", (error as Error).message);
      if (stopping.aborted) break;
      await troubles.pause(stopping);
    }
  }
  progress.finish(escapeLine(result.path), result.isSkipped ? "" : toSummary(result, ms), outcomeOf(result));
  if (!flags.quiet && !result.isSkipped) stdout.write(toOutputLines(result));
}

/** Counts the tries of each picture that found something missing. Tries without a success of another picture between them count as one. */
function createTries() {
  const tries = new Map<string, { count: number; successes: number }>();
  let successes = 0;
  return {
    /** Counts a try, and returns whether a further one is worth it. */
    mayTryAgain(path: string): boolean {
      const known = tries.get(path) ?? { count: 0, successes: -1 };
      const count = known.successes === successes ? known.count : known.count + 1;
      tries.set(path, { count, successes });
      return count <= maxTries;
    },
    end(path: string, isSuccess: boolean): void {
      tries.delete(path);
      if (isSuccess) successes += 1;
    },
  };
}
