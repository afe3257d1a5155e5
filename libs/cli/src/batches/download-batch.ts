import { type Batch, JobState, type Pixelmesh } from "@pixelmesh/client";
import { escapeLine } from "../format/safe-text.ts";
import { type CliIo, isPlain } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import type { SavedOutput } from "../run/document.ts";
import { assertFolder } from "../run/output-target.ts";
import { toOutputLines } from "../run/summary.ts";
import { type FetchCounts, type FetchTask, fetchOutputs } from "./fetch-outputs.ts";
import { createOutputPlaces, toShownName } from "./output-places.ts";
import { createOverallProgress, type OverallProgress } from "./overall-progress.ts";

/** What `batches download` was asked for. */
export type DownloadBatchFlags = {
  readonly outDir: string;
  readonly skipsExisting: boolean;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
};

/** The jobs of a batch that have not succeeded. */
type Others = { unfinished: number; failed: number };

const jobsAtOnce = 4;
const pageSize = 1_000;

/**
 * Runs `batches download` and resolves with the exit code: 1 where an output could not be fetched, or jobs have not ended. Throws UsageError for a folder
 * that cannot be written to, and BATCH_NOT_FOUND.
 */
export async function downloadBatch(
  id: string,
  flags: DownloadBatchFlags,
  address: string,
  io: CliIo,
): Promise<number> {
  assertFolder("--out-dir", flags.outDir);
  const { stdout, stderr, env } = io;
  const { isJson, isQuiet } = flags;
  const progress = createOverallProgress(stderr, { isPlain: isPlain(stderr, env), isQuiet });
  const others: Others = { unfinished: 0, failed: 0 };
  const saved: SavedOutput[] = [];
  const onSaved = (output: SavedOutput) => {
    if (isJson) saved.push(output);
    else if (!isQuiet) progress.print(() => stdout.write(toOutputLines({ outputs: [output] })));
  };
  try {
    const counts = await withMesh(io, address, async (client) => {
      const batch = await client.batches.get(id, { signal: io.stopping });
      return fetchAll(client, batch, { flags, progress, others, onSaved, signal: io.stopping });
    });
    progress.close();
    if (isJson) stdout.write(`${JSON.stringify(saved, null, 2)}\n`);
    noteRest(id, counts, others, progress);
    return counts.failed === 0 && others.unfinished === 0 ? 0 : 1;
  } finally {
    progress.close();
  }
}

type FetchAll = {
  readonly flags: DownloadBatchFlags;
  readonly progress: OverallProgress;
  readonly others: Others;
  readonly onSaved: (output: SavedOutput) => void;
  readonly signal: AbortSignal;
};

async function fetchAll(client: Pixelmesh, batch: Batch, given: FetchAll): Promise<FetchCounts> {
  const { flags, progress, onSaved, signal } = given;
  let done = 0;
  const pace = { perSecond: undefined, leftMs: undefined };
  const onJobDone = () => {
    done += 1;
    progress.show({ total: batch.jobsTotal, done, failed: 0, skipped: 0, running: jobsAtOnce, ...pace });
  };
  const tasks = tasksOf(client, batch.id, given, onJobDone);
  return fetchOutputs(client, tasks, {
    ...{ atOnce: jobsAtOnce, skipsExisting: flags.skipsExisting, signal },
    ...{ onSaved, onFailure: progress.fail, onJobDone },
  });
}

/** Yields the jobs that may have outputs, in the order of the pictures. Each picture has the same names of outputs whenever this is called. */
async function* tasksOf(
  client: Pixelmesh,
  id: string,
  { flags, others, signal }: FetchAll,
  onPassedOver: () => void,
): AsyncGenerator<FetchTask> {
  const places = createOutputPlaces(flags.outDir);
  for await (const { index, name, jobId, state } of client.batches.jobs(id, { pageSize, signal })) {
    const place = places.of(index, name);
    const isUnfinished = state === JobState.UNSPECIFIED || state === JobState.RUNNING;
    if (isUnfinished) others.unfinished += 1;
    else if (state !== JobState.SUCCEEDED) others.failed += 1;
    if (isUnfinished || jobId === "") onPassedOver();
    else yield { jobId, label: escapeLine(toShownName(index, name)), place };
  }
}

function noteRest(id: string, counts: FetchCounts, others: Others, progress: OverallProgress): void {
  const { saved, skipped, failed } = counts;
  const parts = [
    `${saved} outputs fetched`,
    ...(skipped > 0 ? [`${skipped} were there already`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  progress.note(parts.join(", "));
  if (others.failed > 0)
    progress.note(
      `${others.failed} jobs did not succeed; \`pixelmesh batches show ${id} --failed\` tells which failed`,
    );
  if (others.unfinished > 0)
    progress.fail(`${others.unfinished} jobs have not ended; \`pixelmesh batches watch ${id}\` follows them`);
}
