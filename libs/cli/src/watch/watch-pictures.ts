import { statSync } from "node:fs";
import { wrongFlag } from "@pixelmesh/flag-values";
import { outputNames } from "@pixelmesh/pipeline-flags";
import { escapeLine } from "../format/safe-text.ts";
import { type CliIo, isPlain } from "../io.ts";
import { createInputCheck, identityOf } from "../run/file-identity.ts";
import { openFinished } from "../run/finished.ts";
import { neededServices } from "../run/flags.ts";
import { openMesh } from "../run/open-mesh.ts";
import { assertFolder, assertWritable } from "../run/output-target.ts";
import { assertBackground, furtherInputs, possibleFormats, toFolderPlace } from "../run/plan-paths.ts";
import { planPipeline } from "../run/plan-pipeline.ts";
import { createProgress } from "../run/progress.ts";
import { toTotal } from "../run/summary.ts";
import { createFileTracker } from "./file-tracker.ts";
import { lookAround } from "./look-around.ts";
import { createOutputStems } from "./output-stems.ts";
import { createReportFile } from "./report-file.ts";
import type { WatchedFolder } from "./scan-folder.ts";
import { createTroubles } from "./troubles.ts";
import type { WatchFlags } from "./watch-flags.ts";
import { createWorkers } from "./workers.ts";

/** How long a call is retried until the command says that the mesh does not answer. */
const retryTimeoutMs = 10_000;

/**
 * Runs `watch` until the command is stopped, or with `--once` until nothing is left to do. Resolves with the exit code: 1 where a picture failed.
 * Throws UsageError for flags that the file system shows to be wrong, and SERVICE_UNAVAILABLE where no mesh answers at the start.
 */
export async function watchPictures(flags: WatchFlags, io: CliIo): Promise<number> {
  assertFolders(flags);
  if (flags.reportFile !== undefined) assertWritable("--report", flags.reportFile);
  io.keepOnWithoutOutput?.();
  const progress = createProgress(io.stderr, { ...flags, isPlain: isPlain(io.stderr, io.env), isQuiet: flags.quiet });
  const mesh = await openMesh(flags, neededServices(flags), io, progress.note, { retryTimeoutMs });
  try {
    const names = outputNames(flags);
    const { folder: root, isRecursive, outDir } = flags;
    const folder: WatchedFolder = { root, isRecursive, outDir, outputNames: names };
    const plan = await planPipeline(flags, mesh.client, io.stopping);
    const tracker = createFileTracker(flags.settleMs);
    const finished = openFinished(outDir);
    // With --quiet, what is missing is told too: nothing else shows why the command waits.
    const troubles = createTroubles((text) => (flags.quiet ? io.stderr.write(`${text}\n`) : progress.note(text)));
    const ended = new AbortController();
    const onEnd = () => void (flags.isOnce && tracker.isIdle() && ended.abort());
    const stopping = AbortSignal.any([io.stopping, ended.signal]);
    const workers = createWorkers({
      ...{ client: mesh.client, flags, plan, tracker, finished, troubles, progress, stdout: io.stdout },
      stems: createOutputStems(finished.origins(), blockedStems(flags)),
      toPlace: (stem) => toFolderPlace(outDir, stem, names, possibleFormats(flags)),
      report: flags.reportFile === undefined ? undefined : createReportFile(flags.reportFile),
      ...{ onEnd, stopping },
    });
    progress.note(`watching ${escapeLine(root)}`);
    const onLook = () => {
      workers.wake();
      onEnd();
    };
    const looking = lookAround(folder, tracker, { onLook, note: progress.note, troubles }, stopping);
    const noteStop = () => progress.note("stopping after the pictures in work; a second Ctrl-C stops at once");
    io.stopping.addEventListener("abort", noteStop);
    await Promise.all([workers.done, looking]);
    const counts = workers.counts();
    progress.note(toTotal(counts));
    return counts.failed === 0 ? 0 : 1;
  } finally {
    progress.close();
    await mesh.close();
  }
}

function assertFolders(flags: WatchFlags): void {
  const { folder, outDir } = flags;
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw wrongFlag("dir", "a folder", folder);
  assertBackground(flags);
  assertFolder("--out-dir", outDir);
  if (identityOf(outDir) === identityOf(folder))
    throw wrongFlag("--out-dir", "another folder than the watched one", outDir);
}

/** Returns a check whether outputs of a stem would overwrite a background or a further picture of an effect. */
function blockedStems(flags: WatchFlags): (stem: string) => boolean {
  const isInput = createInputCheck(furtherInputs(flags));
  const formats = possibleFormats(flags);
  const names = outputNames(flags);
  return (stem) => {
    const { pathOf } = toFolderPlace(flags.outDir, stem, [], []);
    return names.some((output) => formats.some((format) => isInput(pathOf(output, format))));
  };
}
