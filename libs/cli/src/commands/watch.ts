import { durationFlag } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import type { RunOptions } from "../run/flags.ts";
import { addPictureFlags } from "./picture-flags.ts";

type Options = RunOptions & { readonly outDir: string; readonly settle?: number; readonly once?: true };

const defaultSettleMs = 1_000;

const examples = `
A picture is taken when its size and times have not changed for --settle, or at once when it was renamed into the folder. A changed one is
taken again. A picture that fails is not tried again until it changes or the command starts anew. Those finished already, by content and
settings, are left out. Hidden files, temporary names and --out-dir within the folder are left alone. Ctrl-C ends after the pictures in work,
a second one at once. \`pixelmesh run --help\` explains the flags for pictures.

Examples:
  pixelmesh watch inbox --out-dir done --remove-background
  pixelmesh watch inbox --out-dir done --recursive --max-side 1600 --format webp --report done/report.csv
  pixelmesh watch inbox --out-dir done --upscale 2 --once`;

/** Adds `watch DIR`. */
export function addWatch(
  program: Command,
  io: CliIo,
  finish: (exitCode: number, isEndedAsAsked?: boolean) => void,
): void {
  const command = program
    .command("watch")
    .summary("process the pictures of a folder as they appear")
    .description("Makes new pictures of those in a folder, and of those that appear there, until Ctrl-C.")
    .argument("<dir>", "folder to watch")
    .option("-r, --recursive", "pictures in subfolders, too");
  addPictureFlags(command)
    .requiredOption("--out-dir <dir>", "directory for outputs, another one than the watched folder")
    .option(
      "--settle <time>",
      "time without a change after which a picture is complete (default: 1s)",
      durationFlag("--settle", "0s", "10m"),
    )
    .option("--once", "end when the pictures that are there are processed")
    .option("--report <file>", "append a line for each picture to a CSV file: state, outputs, time, confidence, error")
    .addHelpText("after", examples)
    .action(async (folder: string, options: Options, command: Command) => {
      const isAddressGiven = command.getOptionValueSource("address") !== "default";
      const { parseRunFlags } = await import("../run/flags.ts");
      const flags = parseRunFlags([folder], { ...options, skipExisting: true });
      const { watchPictures } = await import("../watch/watch-pictures.ts");
      const watched = {
        folder,
        settleMs: options.settle ?? defaultSettleMs,
        isOnce: options.once === true,
        isAddressGiven,
      };
      finish(await watchPictures({ ...flags, ...watched }, io), true);
    });
}
