import type { Command } from "commander";
import type { WarmOptions } from "../../cache/warm-pictures.ts";
import type { CliIo } from "../../io.ts";
import { addPictureFlags } from "../picture-flags.ts";

const examples = `
For each picture, results that are stored are copied to the fastest tier of every storage replica, and those that are missing are computed as batch
work. A later \`run\` with the same flags then gets them at once. Nothing is downloaded. \`--refresh\` computes them all, and replaces those that are stored.
\`pixelmesh run --help\` explains the flags for pictures.
States: there (nothing to do), promoted, computed, failed; with --dry-run: stored, missing.

Examples:
  pixelmesh cache warm photos/ --remove-background
  pixelmesh cache warm 'shoes/*.jpg' --max-side 1600 --format webp --dry-run`;

/** Adds `cache warm PICTURE…`. */
export function addWarm(cache: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const command = cache
    .command("warm")
    .summary("promote stored results of pictures, and compute those that are missing")
    .description("Makes the results of pictures ready in advance, on a running mesh.")
    .argument("<picture...>", "JPEG, PNG, WebP, AVIF or GIF files, folders or patterns")
    .option("-r, --recursive", "pictures in subfolders of folders, too");
  addPictureFlags(command, { priority: "batch", jobs: "pictures in work at once (default: 4)" })
    .option("--dry-run", "only say which results are stored and which are missing")
    .option("--json", "print one JSON document about all pictures")
    .addHelpText("after", examples)
    .action(async (pictures: string[], options: WarmOptions) => {
      const { warmPictures } = await import("../../cache/warm-pictures.ts");
      finish(await warmPictures(pictures, options, io));
    });
}
