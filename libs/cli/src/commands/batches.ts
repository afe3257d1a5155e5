import type { Batch } from "@pixelmesh/client";
import { integerFlag } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { addressOption } from "../options/address-option.ts";
import { addCreateBatch } from "./batches-create.ts";

type Options = { readonly address: string; readonly json?: true };
type CreateCommand = (name: string, description: string) => Command;
type Finish = (exitCode: number) => void;

/** Adds `batches create|list|show|watch|download|cancel|retry`. */
export function addBatches(program: Command, io: CliIo, finish: Finish): void {
  const batches = program
    .command("batches")
    .summary("create, list, show, watch, download, cancel and retry batches")
    .description(
      "Runs thousands of pictures as one batch: creates, lists, shows, watches, downloads, cancels and retries batches.",
    );
  addCreateBatch(batches, io, finish);
  const command: CreateCommand = (name, description) =>
    batches.command(name).description(description).addOption(addressOption()).option("--json", "print JSON");
  addReading(command, io, finish);
  addFollowing(command, io, finish);
  addChanging(command, io, finish);
}

function addReading(command: CreateCommand, io: CliIo, finish: Finish): void {
  command("list", "Lists batches, newest first.")
    .option("--limit <n>", "maximum number", integerFlag("--limit", 1, 10_000), 20)
    .option("--ids", "print only the ids, one per line")
    .action(async (options: Options & { readonly limit: number; readonly ids?: true }) => {
      const { describeBatches } = await import("../batches/describe-batch.ts");
      const found = await withMesh(io, options.address, async ({ batches }) => {
        const list: Batch[] = [];
        for await (const batch of batches.list({ pageSize: Math.min(options.limit, 200), signal: io.stopping })) {
          list.push(batch);
          if (list.length === options.limit) break;
        }
        return list;
      });
      if (options.ids) io.stdout.write(found.map(({ id }) => `${id}\n`).join(""));
      else io.stdout.write(describeBatches(found, options.json === true));
      finish(0);
    });

  command("show <id>", "Shows a batch: its counts, rate, time left, and failures by reason.")
    .option("--jobs", "and its jobs, in the order of the pictures")
    .option("--failed", "and those of its jobs that failed")
    .action(async (id: string, options: Options & { readonly jobs?: true; readonly failed?: true }) => {
      const { showBatch } = await import("../batches/show-batch.ts");
      const jobs = options.failed ? "failed" : options.jobs ? "all" : "none";
      io.stdout.write(
        await withMesh(io, options.address, ({ batches }) =>
          showBatch(batches, id, { jobs, isJson: options.json === true, signal: io.stopping }),
        ),
      );
      finish(0);
    });
}

function addFollowing(command: CreateCommand, io: CliIo, finish: Finish): void {
  command("watch <id>", "Follows a batch to its end; exits with 1 unless all of its jobs succeed.")
    .option("--cursor <cursor>", "go on after this place of an earlier watch, which names it when it is interrupted")
    .option("-q, --quiet", "print failures only")
    .action(async (id: string, options: Options & { readonly cursor?: string; readonly quiet?: true }) => {
      const { watchBatch } = await import("../batches/watch-batch.ts");
      const flags = { cursor: options.cursor, isJson: options.json === true, isQuiet: options.quiet === true };
      finish(await withMesh(io, options.address, ({ batches }) => watchBatch(batches, id, flags, io)));
    });

  command("download <id>", "Fetches the outputs of the jobs that have ended, several at once.")
    .requiredOption("--out-dir <dir>", "directory for outputs, as <picture>.<output>.<ext>")
    .option("--skip-existing", "leave out outputs that are there already, by their contents")
    .option("-q, --quiet", "print failures only")
    .action(
      async (
        id: string,
        options: Options & { readonly outDir: string; readonly skipExisting?: true; readonly quiet?: true },
      ) => {
        const { downloadBatch } = await import("../batches/download-batch.ts");
        const flags = {
          outDir: options.outDir,
          skipsExisting: options.skipExisting === true,
          isJson: options.json === true,
          isQuiet: options.quiet === true,
        };
        finish(await downloadBatch(id, flags, options.address, io));
      },
    );
}

function addChanging(command: CreateCommand, io: CliIo, finish: Finish): void {
  command("cancel <id>", "Cancels the jobs of a batch that have not ended.").action(
    async (id: string, options: Options) => {
      const batch = await withMesh(io, options.address, ({ batches }) => batches.cancel(id, { signal: io.stopping }));
      await print(batch, options);
    },
  );
  command(
    "retry <id>",
    "Runs the failed jobs of an ended batch again; of a cancelled batch, the cancelled ones too.",
  ).action(async (id: string, options: Options) => {
    const batch = await withMesh(io, options.address, ({ batches }) => batches.retry(id, { signal: io.stopping }));
    await print(batch, options);
  });

  async function print(batch: Batch, { json }: Options): Promise<void> {
    const { describeBatch } = await import("../batches/describe-batch.ts");
    io.stdout.write(describeBatch(batch, json === true));
    finish(0);
  }
}
