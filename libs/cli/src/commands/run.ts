import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import type { RunOptions } from "../run/flags.ts";
import { addPictureFlags } from "./picture-flags.ts";

const examples = `
Steps are done in this order: --max-side, --upscale (or --width, --height), --remove-background, --background, --effect, --remote-model. Each --variant
branches off the end of these. Outputs are named <picture>.result.<ext> and <picture>.<variant>.<ext>. A colour is #rrggbb, #rgb or a CSS
name. - as a picture is standard input, as -o standard output. In an effect, @FILE is a further picture and \\, a comma in a text.
Settings of --cut-out: region=LEFT:TOP:WIDTH:HEIGHT, existing_alpha=auto|multiply|replace|keep, threshold=0..1, feather=PX, trimap=PX,
refine=none, fill_holes, min_island=0..0.5, decontaminate=false, result=matte, min_confidence=0..1 (larger models are tried below
it, or on_low_confidence=fail).

Examples:
  pixelmesh run photo.jpg --upscale 4
  pixelmesh run photo.jpg --width 3000 --sharpen 0.3
  pixelmesh run *.jpg --remove-background --background blur:12 --out-dir out
  pixelmesh run photos/ --recursive --remove-background --out-dir out --report report.csv
  pixelmesh run shoe.jpg --cut-out fill_holes,min_island=0.01 --background gradient:white,#d0d0d0
  pixelmesh run photo.jpg --max-side 800 --effect dither:method=bayer8,levels=4 --variant pop=pop_art+black_and_white
  pixelmesh run shoe.jpg --feature product_photo:aspect=4:5,background=#f4f1ea
  pixelmesh run photo.jpg --effect watermark:picture=@logo.png,position=bottom_right,opacity=70`;

/** Adds `run PICTURE…`. */
export function addRun(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const command = program
    .command("run")
    .summary("upscale, cut out, or apply effects to pictures")
    .description(
      "Makes new pictures of pictures. Without an address and without a mesh at the usual one, starts one for this command.",
    )
    .argument("<picture...>", "JPEG, PNG, WebP, AVIF or GIF files, folders or patterns; - is standard input")
    .option("-r, --recursive", "pictures in subfolders of folders, too");
  addPictureFlags(command)
    .option("-o, --output <file>", "file for the only output; - is standard output")
    .option("--out-dir <dir>", "directory for outputs (default: .)")
    .option("--skip-existing", "leave out pictures that an earlier command with this flag has finished in --out-dir")
    .option("--report <file>", "write a CSV file with a line for each picture: state, outputs, time, confidence, error")
    .option("--estimate", "print what hosted models would cost, and run nothing")
    .option("--json", "print one JSON document about all pictures")
    .addHelpText("after", examples)
    .action(async (pictures: string[], options: RunOptions, command: Command) => {
      const isAddressGiven = command.getOptionValueSource("address") !== "default";
      const { parseRunFlags } = await import("../run/flags.ts");
      const flags = { ...parseRunFlags(pictures, options), isAddressGiven };
      const { runPictures } = await import("../run/run-pictures.ts");
      finish(await runPictures(flags, io));
    });
}
