import { writeFile } from "node:fs/promises";
import type { Job, Pixelmesh } from "@pixelmesh/client";
import { UsageError } from "@pixelmesh/flag-values";
import { toEstimateJson } from "@pixelmesh/json-views";
import { outputNames } from "@pixelmesh/pipeline-flags";
import { escapeLine } from "../format/safe-text.ts";
import { type CliIo, isPlain } from "../io.ts";
import { expandPictures } from "./expand-pictures.ts";
import { type Finished, openFinished } from "./finished.ts";
import { assertOneOutput, neededServices, type RunFlags } from "./flags.ts";
import { findMatteHint } from "./matte-hint.ts";
import { type GivenAddress, openMesh } from "./open-mesh.ts";
import { assertWritable, leadsToStdout } from "./output-target.ts";
import { planPaths } from "./plan-paths.ts";
import { planPipeline } from "./plan-pipeline.ts";
import { createProgress, type Progress } from "./progress.ts";
import { runOnce } from "./run-once.ts";
import { type PictureTask, toJobSettings } from "./run-picture.ts";
import { createRunResults, type RunResults } from "./run-results.ts";
import { isStdin } from "./standard-paths.ts";
import { outcomeOf, toSummary, toTotal } from "./summary.ts";

/** Runs `run` and resolves with the exit code. Throws UsageError for flags that the file system shows to be wrong. */
export async function runPictures(given: RunFlags & GivenAddress, io: CliIo): Promise<number> {
  assertStreams(given, io);
  const flags = { ...given, pictures: expandPictures(given.pictures, { ...given, outputNames: outputNames(given) }) };
  assertOneOutput(flags);
  if (flags.reportFile !== undefined) assertWritable("--report", flags.reportFile);
  const places = planPaths(flags);
  const progress = createProgress(io.stderr, { ...flags, isPlain: isPlain(io.stderr, io.env), isQuiet: flags.quiet });
  const mesh = await openMesh(flags, neededServices(flags), io, progress.note);
  try {
    if (flags.isEstimate) return await printEstimate(flags, mesh.client, io);
    const common = { flags, ...(await planPipeline(flags, mesh.client, io.stopping)), streams: io.streams ?? {} };
    const tasks = places.map((place, index) => ({ path: flags.pictures[index] as string, ...common, ...place }));
    const finished = flags.skipsFinished ? openFinished(flags.outDir) : undefined;
    const results = createRunResults({
      report: flags.reportFile !== undefined,
      document: flags.json,
      outputLines: !flags.json && !flags.quiet && !isPictureOnStdout(flags),
    });
    const hint = findMatteHint(flags, mesh.client, io.stopping).then((text) => text && progress.note(text));
    const wallMs = await runAll(mesh.client, tasks, { progress, signal: io.stopping, finished, results });
    await hint;
    if (flags.reportFile !== undefined) await writeFile(flags.reportFile, results.report());
    const counts = results.counts();
    if (tasks.length > 1) progress.note(toTotal(counts, wallMs));
    progress.close();
    io.stdout.write(flags.json ? `${JSON.stringify(results.document(wallMs), null, 2)}\n` : results.outputLines());
    return counts.failed === 0 ? 0 : 1;
  } finally {
    progress.close();
    await mesh.close();
  }
}

/** Prints what the jobs of all pictures would cost. Sends no picture. */
async function printEstimate(flags: RunFlags, client: Pixelmesh, io: CliIo): Promise<number> {
  const plan = await planPipeline(flags, client, io.stopping);
  const estimate = await client.estimateCost(toJobSettings({ flags, ...plan }), { signal: io.stopping });
  const { describeEstimate } = await import("../format/describe-features.ts");
  const pictures = flags.pictures.length;
  const document = { ...toEstimateJson(estimate), pictures };
  io.stdout.write(flags.json ? `${JSON.stringify(document, null, 2)}\n` : describeEstimate(estimate, pictures));
  return 0;
}

function isPictureOnStdout({ outputFile }: RunFlags): boolean {
  return outputFile !== undefined && leadsToStdout(outputFile);
}

function assertStreams({ pictures, outputFile }: RunFlags, { streams }: CliIo): void {
  if (pictures.some(isStdin)) {
    if (streams === undefined) throw new UsageError("Expected a file, got `-`: there is no standard input here");
    if (streams.stdin.isTTY) throw new UsageError("Expected a picture on standard input for `-`, got a terminal");
  }
  if (outputFile === "-" && streams === undefined) {
    throw new UsageError("Expected `-o` to be a file, got `-`: there is no standard output here");
  }
}

type RunAll = {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly finished: Finished | undefined;
  readonly results: RunResults;
};

/** Runs all pictures, `--jobs` at once. Resolves to the time from the first byte sent to the last received, in milliseconds. */
async function runAll(
  client: Pixelmesh,
  tasks: readonly PictureTask[],
  { progress, signal, finished, results }: RunAll,
): Promise<number> {
  let firstMs: number | undefined;
  let lastMs = 0;
  const onTraffic = () => {
    lastMs = performance.now();
    firstMs ??= lastMs;
  };
  progress.expect(tasks.length);
  const queue = tasks.entries();
  async function work(): Promise<void> {
    for (const [index, task] of queue) {
      const beginMs = performance.now();
      const label = escapeLine(isStdin(task.path) ? "standard input" : task.path);
      progress.begin(label);
      const events = { onJob: (job: Job) => progress.update(label, job), onTraffic };
      const result = await runOnce(client, task, events, signal, { finished });
      const ms = performance.now() - beginMs;
      results.add(index, { ...result, ms });
      progress.finish(label, toSummary(result, ms), outcomeOf(result));
    }
  }
  const workers = Math.min(tasks[0]?.flags.picturesAtOnce ?? 0, tasks.length);
  await Promise.all(Array.from({ length: workers }, work));
  return firstMs === undefined ? 0 : lastMs - firstMs;
}
