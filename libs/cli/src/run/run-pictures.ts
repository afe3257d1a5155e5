import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Job, Pixelmesh } from "@pixelmesh/client";
import { escapeLine } from "../format/safe-text.ts";
import { toShortSize, toShortTime } from "../format/text.ts";
import { type CliIo, isPlain } from "../io.ts";
import { UsageError } from "../options/usage-error.ts";
import { type Failure, type PictureResult, toDocument } from "./document.ts";
import { planEffects } from "./effect-pictures.ts";
import { expandPictures } from "./expand-pictures.ts";
import { type Finished, finishedKey, openFinished } from "./finished.ts";
import { assertOneOutput, neededServices, outputNames, type RunFlags } from "./flags.ts";
import { type GivenAddress, openMesh } from "./open-mesh.ts";
import { assertWritable, leadsToStdout } from "./output-target.ts";
import { toPipeline } from "./pipeline.ts";
import { type Place, planPaths } from "./plan-paths.ts";
import { createProgress, type Progress } from "./progress.ts";
import { type TimedResult, toReport } from "./report.ts";
import { type PictureEvents, type PictureTask, runPicture } from "./run-picture.ts";
import { withSharedModel } from "./shared-model.ts";
import { isStdin } from "./standard-paths.ts";
import { toTypedFailure } from "./typed-failure.ts";

/** Runs `run` and resolves with the exit code. Throws UsageError for flags that the file system shows to be wrong. */
export async function runPictures(given: RunFlags & GivenAddress, io: CliIo): Promise<number> {
  assertStreams(given, io);
  const flags = { ...given, pictures: expandPictures(given.pictures, { ...given, outputNames: outputNames(given) }) };
  assertOneOutput(flags);
  if (flags.reportFile !== undefined) assertWritable("--report", flags.reportFile);
  const places = planPaths(flags);
  const progress = createProgress(io.stderr, { isPlain: isPlain(io.stderr, io.env), isQuiet: flags.quiet });
  const mesh = await openMesh(flags, neededServices(flags), io, progress.note);
  try {
    const { pipeline, effectPictures, explain } = await planPipeline(flags, mesh.client, io.stopping);
    const common = { flags, pipeline, effectPictures, explain, streams: io.streams ?? {} };
    const tasks = flags.pictures.map((path, index) => ({ path, ...common, ...(places[index] as Place) }));
    const finished = flags.skipsFinished ? openFinished(flags.outDir) : undefined;
    const { results, wallMs } = await runAll(mesh.client, tasks, progress, io.stopping, finished);
    if (flags.reportFile !== undefined) await writeFile(flags.reportFile, toReport(results));
    if (results.length > 1) progress.note(toTotal(results, wallMs));
    progress.close();
    if (flags.json) io.stdout.write(`${JSON.stringify(toDocument(results, wallMs), null, 2)}\n`);
    else if (!flags.quiet && !isPictureOnStdout(flags)) io.stdout.write(results.map(toOutputLines).join(""));
    return results.every(({ failure }) => failure === undefined) ? 0 : 1;
  } finally {
    progress.close();
    await mesh.close();
  }
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

/** Lists effects and models of the mesh only where flags name some whose type or task matters. */
async function planPipeline(given: RunFlags, client: Pixelmesh, signal: AbortSignal) {
  const flags = given.sharedModel === undefined ? given : withSharedModel(given, await client.models({ signal }));
  const hasEffects = flags.effects.length + flags.variants.length > 0;
  const catalogue = hasEffects ? await client.effects({ signal }) : [];
  const { toEffects, pictures } = planEffects(flags, catalogue);
  const pipeline = toPipeline(flags, toEffects);
  return {
    pipeline,
    effectPictures: pictures,
    explain: (failure: Failure) => toTypedFailure(failure, flags, pipeline, catalogue),
  };
}

async function runAll(
  client: Pixelmesh,
  tasks: readonly PictureTask[],
  progress: Progress,
  signal: AbortSignal,
  finished: Finished | undefined,
) {
  const results: TimedResult[] = [];
  let firstMs: number | undefined;
  let lastMs = 0;
  const onTraffic = () => {
    lastMs = performance.now();
    firstMs ??= lastMs;
  };
  const queue = tasks.entries();
  async function work(): Promise<void> {
    for (const [index, task] of queue) {
      const beginMs = performance.now();
      const label = escapeLine(isStdin(task.path) ? "standard input" : task.path);
      const events = { onJob: (job: Job) => progress.update(label, job), onTraffic };
      const result = await runOnce(client, task, events, signal, finished);
      const ms = performance.now() - beginMs;
      results[index] = { ...result, ms };
      progress.finish(label, toSummary(result, ms), result.failure !== undefined);
    }
  }
  const workers = Math.min(tasks[0]?.flags.picturesAtOnce ?? 0, tasks.length);
  await Promise.all(Array.from({ length: workers }, work));
  return { results, wallMs: firstMs === undefined ? 0 : lastMs - firstMs };
}

/** Runs a picture, unless an earlier command has finished it with the same contents and settings. */
async function runOnce(
  client: Pixelmesh,
  task: PictureTask,
  events: PictureEvents,
  signal: AbortSignal,
  finished: Finished | undefined,
): Promise<PictureResult> {
  const key = finished && (await keyOf(task));
  const outputs = key === undefined ? undefined : finished?.find(key);
  if (outputs) return { path: task.path, job: undefined, outputs, failure: undefined, isSkipped: true };
  const result = await runPicture(client, task, events, signal);
  if (key !== undefined && result.failure === undefined) await finished?.add(key, result.outputs);
  return result;
}

function keyOf({ path, flags, pipeline, effectPictures, pathOf }: PictureTask): Promise<string | undefined> {
  const background = flags.background?.kind === "picture" ? [flags.background.path] : [];
  const files = [path, ...background, ...effectPictures.map((picture) => picture.path)];
  const { quality, allowDegraded } = flags;
  return finishedKey(files, { pipeline, quality, allowDegraded, place: basename(pathOf("result", "png")) });
}

/** Formats the result of a picture: succeeded or why not, degradations, adjustments. */
export function toSummary({ job, failure, isSkipped }: PictureResult, ms: number): string {
  if (isSkipped) return "skipped: an earlier command has finished it";
  const cached = (job?.steps ?? []).filter((step) => step.cached).map(({ id }) => id);
  const head = failure
    ? `${failure.reason}: ${failure.message}`
    : `done in ${toShortTime(ms)}${cached.length > 0 ? ` (from earlier results: ${cached.join(", ")})` : ""}`;
  const lowered = (job?.adaptations ?? []).map(
    ({ kind, from, to, why }) => `\n  lowered ${kind}: ${from} -> ${to} (${why})`,
  );
  const noticed = (job?.notices ?? []).map(({ text }) => `\n  note: ${text}`);
  return [head, ...lowered, ...noticed].join("");
}

/** Formats how many pictures succeeded and failed, and how many there were in a second. */
export function toTotal(results: readonly PictureResult[], wallMs: number): string {
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  const skipped = results.filter(({ isSkipped }) => isSkipped).length;
  const rate = wallMs > 0 ? `, ${((results.length / wallMs) * 1_000).toPrecision(2)} a second` : "";
  const parts = [
    `${results.length - failed - skipped} done`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return `${parts.join(", ")} of ${results.length} pictures in ${toShortTime(wallMs)}${rate}`;
}

function toOutputLines({ outputs }: PictureResult): string {
  return outputs
    .map(
      ({ path, width, height, format, bytes }) =>
        `${escapeLine(path)}  ${width}x${height} ${format} ${toShortSize(bytes)}\n`,
    )
    .join("");
}
