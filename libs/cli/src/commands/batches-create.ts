import { repeatedFlag, wrongFlag } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import type { CreateBatchOptions } from "../batches/create-flags.ts";
import type { CliIo } from "../io.ts";
import { addPictureFlags } from "./picture-flags.ts";

const examples = `
Prints the id of the batch as soon as it is stored; from then on it needs this command no more. Without --detach the command then follows the
batch, and with --out-dir it fetches the outputs of each job as it ends. A picture that cannot be read is left out; one that is no picture is a
failed job. Ctrl-C ends the command, not the batch. \`pixelmesh run --help\` explains the flags for pictures.

Examples:
  pixelmesh batches create photos/ --recursive --remove-background --out-dir out
  pixelmesh batches create 'shoes/**/*.jpg' --max-side 1600 --format webp --label shoes --detach`;

/** Adds `batches create PICTURE…`. */
export function addCreateBatch(batches: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const command = batches
    .command("create")
    .description("Uploads pictures and runs one pipeline on each of them, as a batch of a running mesh.")
    .argument("<picture...>", "JPEG, PNG, WebP, AVIF or GIF files, folders or patterns; at most 10000 pictures")
    .option("-r, --recursive", "pictures in subfolders of folders, too");
  addPictureFlags(command, { priority: "batch", jobs: "pictures uploaded or fetched at once (default: 4)" })
    .option(
      "--name <name>",
      "name of a picture for its job and its outputs; repeat, one for each (default: its path)",
      repeatedFlag(parseName),
    )
    .option("--request-id <id>", "a repetition with this id returns the same batch", parseRequestId)
    .option("--detach", "end when the batch is stored")
    .option("-o, --output <file>", "file for the only output")
    .option("--out-dir <dir>", "directory for outputs (default: they are not fetched)")
    .option("--json", "print one JSON document about the batch")
    .addHelpText("after", examples)
    .action(async (pictures: string[], options: CreateBatchOptions) => {
      const { parseCreateFlags } = await import("../batches/create-flags.ts");
      const flags = parseCreateFlags(pictures, options);
      const { createBatch } = await import("../batches/create-batch.ts");
      finish(await createBatch(flags, io));
    });
}

const maxNameBytes = 255;
const maxRequestIdLength = 128;

function parseName(text: string): string {
  if (text !== "" && Buffer.byteLength(text) <= maxNameBytes) return text;
  throw wrongFlag("--name", `a name of 1 to ${maxNameBytes} bytes`, text);
}

function parseRequestId(text: string): string {
  if (text !== "" && text.length <= maxRequestIdLength) return text;
  throw wrongFlag("--request-id", `1 to ${maxRequestIdLength} characters`, text);
}
