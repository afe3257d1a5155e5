import type { Command } from "commander";
import { addressOption } from "../address-option.ts";
import { choiceFlag, integerFlag, numberFlag, repeatedFlag } from "../flag-values.ts";
import type { CliIo } from "../io.ts";
import { parseBackground } from "../run/background.ts";
import { type EffectText, parseEffectText, parseVariant, type Variant } from "../run/effect-text.ts";
import { formats, parseRunFlags, priorities, qualities, type RunOptions } from "../run/flags.ts";
import { wrongFlag } from "../usage-error.ts";

const parseScale = choiceFlag("--upscale", ["2", "3", "4"]);

const examples = `
Steps are done in this order: --max-side, --upscale (or --width, --height), --remove-background, --background, --effect. Each --variant
branches off the end of these. Outputs are named <picture>.result.<ext> and <picture>.<variant>.<ext>.

Examples:
  pixelmesh run photo.jpg --upscale 4
  pixelmesh run photo.jpg --width 3000 --sharpen 0.3
  pixelmesh run *.jpg --remove-background --background blur:12 --out-dir out
  pixelmesh run photo.jpg --max-side 800 --effect dither:method=bayer8,levels=4 --variant pop=pop_art+black_and_white`;

/** Adds `run PICTURE…`. */
export function addRun(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("run")
    .summary("make new pictures of pictures")
    .description(
      "Makes new pictures of pictures. Without an address and without a mesh at the usual one, starts one for this command.",
    )
    .argument("<picture...>", "JPEG, PNG, WebP, AVIF or GIF files")
    .option("--max-side <px>", "shrink the source so that no side is longer", integerFlag("--max-side", 16, 16_384))
    .option("--upscale <factor>", "enlarge by a model: 2, 3 or 4", (text) => Number(parseScale(text)))
    .option(
      "--width <px>",
      "enlarge to this width instead, with --height into that box",
      integerFlag("--width", 1, 16_384),
    )
    .option("--height <px>", "enlarge to this height instead", integerFlag("--height", 1, 16_384))
    .option("--model <name>", "the model to enlarge by (see `models list`)", (text) => {
      if (text === "") throw wrongFlag("--model", "the name of a model", text);
      return text;
    })
    .option("--denoise <0..1>", "how much noise to remove, where the model has a pair", numberFlag("--denoise", 0, 1))
    .option("--sharpen <0..1>", "sharpen what was enlarged", numberFlag("--sharpen", 0, 1))
    .option("--contrast <0..0.5>", "add contrast to what was enlarged", numberFlag("--contrast", 0, 0.5))
    .option("--remove-background", "cut the main object out")
    .option("--background <what>", "cut out and put '#rrggbb', a PICTURE or blur:N behind", parseBackground)
    .option("--effect <effect>", "NAME[:key=value,…]; repeat for a chain", repeatedFlag<EffectText>(parseEffectText))
    .option("--variant <variant>", "NAME=EFFECT+EFFECT…: one more output", repeatedFlag<Variant>(parseVariant))
    .option("--quality <quality>", `${qualities.join(", ")}`, choiceFlag("--quality", qualities), "auto")
    .option(
      "--format <format>",
      `${formats.join(", ")} (default: auto, or as -o ends)`,
      choiceFlag("--format", formats),
    )
    .option("--priority <priority>", priorities.join(" or "), choiceFlag("--priority", priorities), "interactive")
    .option("--allow-degraded", "permit smaller sizes, lighter models or a CPU under load; what was done is told")
    .option("--no-cache", "neither read nor write stored results")
    .addOption(addressOption())
    .option("-o, --output <file>", "write the one output there")
    .option("--out-dir <dir>", "write outputs there (default: .)")
    .option("--json", "print one JSON document about everything that was done")
    .addHelpText("after", examples)
    .action(async (pictures: string[], options: RunOptions, command: Command) => {
      const isAddressGiven = command.getOptionValueSource("address") !== "default";
      const flags = { ...parseRunFlags(pictures, options), isAddressGiven };
      const { runPictures } = await import("../run/run-pictures.ts");
      finish(await runPictures(flags, io));
    });
}
