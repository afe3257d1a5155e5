import { UsageError } from "@pixelmesh/flag-values";
import { outputNames } from "@pixelmesh/pipeline-flags";
import { escapeLine } from "../format/safe-text.ts";
import { toShortSize } from "../format/text.ts";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { expandPictures } from "../run/expand-pictures.ts";
import { parseRunFlags, type RunOptions } from "../run/flags.ts";
import { assertBackground } from "../run/plan-paths.ts";
import { planPipeline } from "../run/plan-pipeline.ts";
import { isStdin } from "../run/standard-paths.ts";
import { type WarmedPicture, warmPicture, warmStates } from "./warm-picture.ts";

/** The options of `cache warm`: those of `run` for pictures and pipeline. */
export type WarmOptions = RunOptions & { readonly dryRun?: true };

/** Runs `cache warm` and resolves with the exit code: 1 if a picture failed. Throws UsageError for flags that cannot be. */
export async function warmPictures(given: readonly string[], options: WarmOptions, io: CliIo): Promise<number> {
  const parsed = parseRunFlags(given, options);
  if (parsed.noCache)
    throw new UsageError("Expected `cache warm` without `--no-cache`: only cached results can be warmed");
  if (parsed.refresh && options.dryRun)
    throw new UsageError("Expected `--dry-run` without `--refresh`, which computes every result, stored or not");
  if (given.some(isStdin))
    throw new UsageError("Expected `picture` to be a file, a folder or a pattern, got standard input");
  const flags = { ...parsed, pictures: expandPictures(given, { ...parsed, outputNames: outputNames(parsed) }) };
  assertBackground(flags);
  const isDryRun = options.dryRun === true;
  return await withMesh(io, flags.address, async (client) => {
    const plan = await planPipeline(flags, client, io.stopping);
    const results: WarmedPicture[] = [];
    const queue = flags.pictures.entries();
    const work = async () => {
      for (const [index, path] of queue) {
        const result = await warmPicture(client, { path, flags, ...plan }, isDryRun, io.stopping);
        results[index] = result;
        if (result.error) io.stderr.write(`${escapeLine(path)}: ${result.error.reason}: ${result.error.message}\n`);
        else if (!flags.json && !flags.quiet) io.stdout.write(toLine(result));
      }
    };
    await Promise.all(Array.from({ length: Math.min(flags.picturesAtOnce, flags.pictures.length) }, work));
    const counts = countStates(results);
    if (flags.json) io.stdout.write(`${JSON.stringify({ pictures: results, counts }, null, 2)}\n`);
    else if (results.length > 1) io.stderr.write(`${toTotal(counts)} of ${results.length} pictures\n`);
    return counts.failed > 0 ? 1 : 0;
  });
}

type Counts = Readonly<Record<WarmedPicture["state"], number>>;

function countStates(results: readonly WarmedPicture[]): Counts {
  const entries = warmStates.map((state) => [state, results.filter((result) => result.state === state).length]);
  return Object.fromEntries(entries) as Counts;
}

function toTotal(counts: Counts): string {
  return warmStates
    .filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`)
    .join(", ");
}

function toLine({ path, state, outputs, computedSteps }: WarmedPicture): string {
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  const tiers = [...new Set(outputs.flatMap((output) => output.tiers))].sort();
  const where = tiers.length > 0 ? ` (${tiers.join(", ")})` : "";
  const steps = computedSteps.length > 0 ? `; ran ${computedSteps.join(", ")}` : "";
  const made = outputs.length > 0 ? `  ${outputs.length} stored, ${toShortSize(bytes)}${where}` : "";
  return `${escapeLine(path)}  ${state}${made}${escapeLine(steps)}\n`;
}
