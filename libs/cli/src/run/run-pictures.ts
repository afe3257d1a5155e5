import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Pixelmesh } from "@pixelmesh/client";
import type { CliIo } from "../io.ts";
import { toShortSize, toShortTime } from "../text.ts";
import { UsageError, wrongFlag } from "../usage-error.ts";
import { type PictureResult, toDocument } from "./document.ts";
import { formats, neededServices, outputNames, type RunFlags } from "./flags.ts";
import { type GivenAddress, openMesh } from "./open-mesh.ts";
import { chooseStems, toFileName } from "./output-paths.ts";
import { toPipeline } from "./pipeline.ts";
import { createProgress, type Progress } from "./progress.ts";
import { type PictureTask, runPicture } from "./run-picture.ts";
import { toEffect } from "./to-effect.ts";

const picturesAtOnce = 4;

/** The command `run`: answers the exit code. Throws UsageError for what the file system shows to be a mistake in the flags. */
export async function runPictures(flags: RunFlags & GivenAddress, io: CliIo): Promise<number> {
  const pathOf = planPaths(flags);
  const progress = createProgress(io.stderr);
  const mesh = await openMesh(flags, neededServices(flags), io, progress.note);
  try {
    const pipeline = await planPipeline(flags, mesh.client, io.stopping);
    const tasks = flags.pictures.map((path, index) => ({ path, flags, pipeline, pathOf: pathOf(index) }));
    const { results, wallMs } = await runAll(mesh.client, tasks, progress, io.stopping);
    progress.close();
    if (flags.json) io.stdout.write(`${JSON.stringify(toDocument(results, wallMs), null, 2)}\n`);
    else io.stdout.write(results.map(toOutputLines).join(""));
    return results.every(({ failure }) => failure === undefined) ? 0 : 1;
  } finally {
    progress.close();
    await mesh.close();
  }
}

/** Where the outputs of each picture go. Makes the folder; throws UsageError where an input would be overwritten. */
function planPaths(flags: RunFlags): (index: number) => PictureTask["pathOf"] {
  const identityOf = (path: string) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats && `${stats.dev}:${stats.ino}`;
  };
  const { background, outputFile, outDir } = flags;
  if (background?.kind === "picture" && !identityOf(background.path)) {
    throw wrongFlag("--background", "#rrggbb, blur:N or the path of a picture that exists", background.path);
  }
  const inputs = new Set(
    [...flags.pictures, ...(background?.kind === "picture" ? [background.path] : [])].map(identityOf),
  );
  const isInput = (path: string) => {
    const identity = identityOf(path);
    return identity !== undefined && inputs.has(identity);
  };
  if (outputFile !== undefined) {
    if (isInput(outputFile)) throw new UsageError(`Expected \`-o\` to be no input, got \`${outputFile}\``);
    if (statSync(outputFile, { throwIfNoEntry: false })?.isDirectory()) {
      throw wrongFlag("-o", "a file; for a directory use --out-dir", outputFile);
    }
    return () => () => outputFile;
  }
  try {
    mkdirSync(outDir, { recursive: true });
  } catch {
    throw wrongFlag("--out-dir", "a directory, or a place where one can be made", outDir);
  }
  const possible = flags.format === "auto" ? formats.slice(1) : [flags.format];
  const stems = chooseStems(flags.pictures, (stem) =>
    outputNames(flags).some((output) =>
      possible.some((format) => isInput(join(outDir, toFileName(stem, output, format)))),
    ),
  );
  return (index) => (output, format) => join(outDir, toFileName(stems[index] as string, output, format));
}

/** Asks the mesh what effects there are only where some are named: their settings are typed by it. */
async function planPipeline(
  flags: RunFlags,
  client: Pixelmesh,
  signal: AbortSignal,
): Promise<ReturnType<typeof toPipeline>> {
  const hasEffects = flags.effects.length + flags.variants.length > 0;
  const catalogue = hasEffects ? await client.effects({ signal }) : [];
  return toPipeline(flags, (text) => toEffect(text, catalogue));
}

async function runAll(client: Pixelmesh, tasks: readonly PictureTask[], progress: Progress, signal: AbortSignal) {
  const results: PictureResult[] = [];
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
      const label = task.path;
      const result = await runPicture(client, task, { onJob: (job) => progress.update(label, job), onTraffic }, signal);
      results[index] = result;
      progress.finish(label, toSummary(result, performance.now() - beginMs));
    }
  }
  await Promise.all(Array.from({ length: Math.min(picturesAtOnce, tasks.length) }, work));
  return { results, wallMs: firstMs === undefined ? 0 : lastMs - firstMs };
}

/** What people are told of a picture: done or why not, what was lowered, what was changed. */
export function toSummary({ job, failure }: PictureResult, ms: number): string {
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

function toOutputLines({ outputs }: PictureResult): string {
  return outputs
    .map(({ path, width, height, format, bytes }) => `${path}  ${width}x${height} ${format} ${toShortSize(bytes)}\n`)
    .join("");
}
