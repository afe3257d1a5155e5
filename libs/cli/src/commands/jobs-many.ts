import type { Job, JobFilter } from "@pixelmesh/client";
import { UsageError } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { confirm } from "../options/confirm.ts";
import { addFilterFlags, type FilterOptions, hasFilter, toJobFilter } from "../options/filter-flags.ts";

type Options = FilterOptions & {
  readonly address: string;
  readonly json?: true;
  readonly dryRun?: true;
  readonly yes?: true;
};

const timeoutMs = 120_000;
const chooses = "Jobs are named, or chosen by flags. Without --yes, chosen ones are counted and a terminal asks.";

/** Adds `jobs cancel` and `jobs retry`. `command` creates a subcommand. */
export function addManyJobs(
  command: (name: string, description: string) => Command,
  io: CliIo,
  finish: (exitCode: number) => void,
): void {
  addManyFlags(command("cancel [id...]", `Ends unfinished jobs. ${chooses}`), []).action(
    async (ids: string[], options: Options) => {
      assertChoice(ids, options);
      finish(ids.length > 0 ? await cancelNamed(ids, options, io) : await cancelChosen(options, io));
    },
  );
  addManyFlags(command("retry [id...]", `Creates a new job for each failed or cancelled one, once. ${chooses}`), [
    "failed",
    "cancelled",
  ]).action(async (ids: string[], options: Options) => {
    assertChoice(ids, options);
    finish(await retry(ids, options, io));
  });
}

function addManyFlags(command: Command, states: Parameters<typeof addFilterFlags>[1]): Command {
  return addFilterFlags(command, states).option("--dry-run", "only count").option("--yes", "do not ask");
}

function assertChoice(ids: readonly string[], options: Options): void {
  if (ids.length > 0 && hasFilter(options))
    throw new UsageError("Expected ids of jobs or flags that choose them, got both");
  if (ids.length === 0 && !hasFilter(options))
    throw new UsageError("Expected ids of jobs, or --label, --operation, --since or another flag that chooses them");
}

/** Cancels each job. Continues after a failure. */
async function cancelNamed(ids: readonly string[], { address, json, dryRun }: Options, io: CliIo): Promise<number> {
  if (dryRun) throw new UsageError("Expected `--dry-run` beside flags that choose jobs, got ids of jobs");
  const { describeChange } = await import("../format/describe-job.ts");
  let exitCode = 0;
  await withMesh(io, address, async ({ jobs }) => {
    for (const id of ids) {
      if (io.stopping.aborted) break;
      const job: Job | undefined = await jobs.cancel(id, { signal: io.stopping }).catch(async (error: unknown) => {
        const { toFailure } = await import("../run/failure.ts");
        const { reason, message } = toFailure(error);
        io.stderr.write(`pixelmesh: ${id}: ${reason}: ${message}\n`);
        exitCode = 1;
        return undefined;
      });
      if (job) io.stdout.write(describeChange(job, json === true));
    }
  });
  return exitCode;
}

async function cancelChosen(options: Options, io: CliIo): Promise<number> {
  const filter = await toJobFilter(options);
  const { signal, json } = { signal: io.stopping, json: options.json === true };
  return withMesh(io, options.address, async ({ jobs }) => {
    const counted = await jobs.cancelMany(filter, { dryRun: true, signal });
    const { matched } = counted;
    if (options.dryRun || matched === 0) return print(io, json, counted, `${toJobs(matched)} would be cancelled`);
    if (!options.yes && !(await confirm(`Cancel ${toJobs(matched)}?`, io))) return declined(io);
    const result = await jobs.cancelMany(filter, { signal, timeoutMs });
    const { cancelled } = result;
    return print(io, json, result, `${cancelled} of ${toJobs(result.matched)} cancelled`);
  });
}

async function retry(ids: readonly string[], options: Options, io: CliIo): Promise<number> {
  const filter: JobFilter = ids.length > 0 ? { jobIds: ids } : await toJobFilter(options);
  const { signal, json } = { signal: io.stopping, json: options.json === true };
  const { describeRetry } = await import("../format/describe-retry.ts");
  const { toRetryJson } = await import("@pixelmesh/json-views");
  return withMesh(io, options.address, async ({ jobs }) => {
    if (ids.length === 0 || options.dryRun) {
      const counted = await jobs.retryMany(filter, { dryRun: true, signal });
      const { matched } = counted;
      if (options.dryRun || matched === 0)
        return print(io, json, toRetryJson(counted), `${toJobs(matched)} would be retried`);
      if (!options.yes && !(await confirm(`Retry ${toJobs(matched)}?`, io))) return declined(io);
    }
    const result = await jobs.retryMany(filter, { signal, timeoutMs });
    if (json) io.stdout.write(`${JSON.stringify(toRetryJson(result))}\n`);
    else io.stdout.write(result.jobIds.map((id) => `${id}\n`).join(""));
    const asked = Math.max(result.matched, ids.length);
    if (result.jobIds.length === asked) return 0;
    io.stderr.write(`pixelmesh: ${describeRetry(result, asked)}\n`);
    return 1;
  });
}

function print(io: CliIo, json: boolean, value: object, text: string): number {
  io.stdout.write(json ? `${JSON.stringify(value)}\n` : `${text}\n`);
  return 0;
}

function declined(io: CliIo): number {
  io.stderr.write("pixelmesh: nothing was done\n");
  return 1;
}

function toJobs(count: number): string {
  return count === 1 ? "1 job" : `${count} jobs`;
}
