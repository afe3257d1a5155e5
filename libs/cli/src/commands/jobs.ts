import type { Job } from "@pixelmesh/client";
import { integerFlag } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import type { DownloadOptions } from "../mesh-client/download-outputs.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { addressOption } from "../options/address-option.ts";
import { addFilterFlags, type FilterOptions, jobStates, toJobFilter } from "../options/filter-flags.ts";
import { addManyJobs } from "./jobs-many.ts";

type Options = { readonly address: string; readonly json?: true };

/** Adds `jobs list|get|watch|cancel|retry|download`. */
export function addJobs(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const jobs = program
    .command("jobs")
    .summary("list, show, watch, cancel and retry jobs, download outputs")
    .description("Lists, shows, watches, cancels and retries jobs, and downloads their outputs.");
  const command = (name: string, description: string) =>
    jobs.command(name).description(description).addOption(addressOption()).option("--json", "print JSON");

  addFilterFlags(command("list", "Lists jobs, newest first."), jobStates)
    .option("--limit <n>", "maximum number", integerFlag("--limit", 1, 100_000), 20)
    .option("--ids", "print only the ids, one per line")
    .action(async (options: Options & FilterOptions & { ids?: true; limit: number }) => {
      const { describeJobs } = await import("../format/describe-jobs.ts");
      const filter = await toJobFilter(options);
      const found = await withMesh(io, options.address, async ({ jobs }) => {
        const list: Job[] = [];
        const pageSize = Math.min(options.limit, 200);
        for await (const job of jobs.list({ filter, pageSize, signal: io.stopping })) {
          list.push(job);
          if (list.length === options.limit) break;
        }
        return list;
      });
      if (options.ids) io.stdout.write(found.map(({ id }) => `${id}\n`).join(""));
      else io.stdout.write(describeJobs(found, options.json === true));
      finish(0);
    });

  command("get <id>", "Shows a job: its steps and outputs.").action(async (id: string, options: Options) => {
    const job = await withMesh(io, options.address, ({ jobs }) => jobs.get(id, { signal: io.stopping }));
    const { describeJob } = await import("../format/describe-job.ts");
    io.stdout.write(describeJob(job, options.json === true));
    finish(0);
  });

  command("watch <id>", "Follows a job to its end; exits with 1 unless it succeeds.").action(
    async (id: string, options: Options) => {
      const { describeChange, isSucceeded } = await import("../format/describe-job.ts");
      let last: Job | undefined;
      await withMesh(io, options.address, async ({ jobs }) => {
        for await (const job of jobs.watch(id, { signal: io.stopping })) {
          io.stdout.write(describeChange(job, options.json === true));
          last = job;
        }
      });
      finish(last && isSucceeded(last) ? 0 : 1);
    },
  );

  addManyJobs(command, io, finish);

  command("download <id> [output...]", "Fetches the outputs of a job: those named, else all that are ready.")
    .option("-o, --output <file>", "file for the only output; - is standard output")
    .option("--out-dir <dir>", "directory for outputs, as <id>.<output>.<ext> (default: .)")
    .action(async (id: string, outputs: string[], options: DownloadOptions) => {
      const { downloadOutputs } = await import("../mesh-client/download-outputs.ts");
      finish(await downloadOutputs(id, outputs, options, io));
    });
}
