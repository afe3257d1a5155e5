import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import { addressOption } from "../options/address-option.ts";
import { choiceFlag, durationFlag, integerFlag, numberFlag, repeatedFlag } from "../options/flag-values.ts";
import { wrongFlag } from "../options/usage-error.ts";
import { fits, parseBackground, parseBackgroundColor, parsePosition } from "../run/background.ts";
import { priorities, qualities } from "../run/choices.ts";
import { parseCutOut } from "../run/cut-out-settings.ts";
import { type EffectText, parseEffectText, parseVariant, type Variant } from "../run/effect-text.ts";
import type { RunOptions } from "../run/flags.ts";
import { formatAliases, formats } from "../run/formats.ts";

const parseScale = choiceFlag("--upscale", ["2", "3", "4"]);

const examples = `
Steps are done in this order: --max-side, --upscale (or --width, --height), --remove-background, --background, --effect. Each --variant
branches off the end of these. Outputs are named <picture>.result.<ext> and <picture>.<variant>.<ext>. A colour is #rrggbb, #rgb or a CSS
name. - as a picture is standard input, as -o standard output. In an effect, @FILE is a further picture and \\, a comma in a text.
Settings of --cut-out: region=LEFT:TOP:WIDTH:HEIGHT, existing_alpha=auto|multiply|replace|keep, threshold=0..1, feather=PX, trimap=PX,
fill_holes, min_island=0..0.5, decontaminate=false, result=matte.

Examples:
  pixelmesh run photo.jpg --upscale 4
  pixelmesh run photo.jpg --width 3000 --sharpen 0.3
  pixelmesh run *.jpg --remove-background --background blur:12 --out-dir out
  pixelmesh run photos/ --recursive --remove-background --out-dir out --report report.csv
  pixelmesh run shoe.jpg --cut-out fill_holes,min_island=0.01 --background gradient:white,#d0d0d0
  pixelmesh run photo.jpg --max-side 800 --effect dither:method=bayer8,levels=4 --variant pop=pop_art+black_and_white
  pixelmesh run photo.jpg --effect watermark:picture=@logo.png,position=bottom_right,opacity=70`;

/** Adds `run PICTURE…`. */
export function addRun(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("run")
    .summary("upscale, cut out, or apply effects to pictures")
    .description(
      "Makes new pictures of pictures. Without an address and without a mesh at the usual one, starts one for this command.",
    )
    .argument("<picture...>", "JPEG, PNG, WebP, AVIF or GIF files, folders or patterns; - is standard input")
    .option("-r, --recursive", "pictures in subfolders of folders, too")
    .option("--max-side <px>", "shrink the source to this longest side", integerFlag("--max-side", 16, 16_384))
    .option("--upscale <factor>", "enlarge by this factor with a model: 2, 3 or 4", (text) => Number(parseScale(text)))
    .option(
      "--width <px>",
      "enlarge to this width instead; with --height, to fit both",
      integerFlag("--width", 1, 16_384),
    )
    .option("--height <px>", "enlarge to this height instead", integerFlag("--height", 1, 16_384))
    .option("--model <name>", "model for enlarging or cutting out (see `models list`)", modelFlag("--model"))
    .option("--upscale-model <name>", "model for enlarging", modelFlag("--upscale-model"))
    .option("--cutout-model <name>", "model for cutting out", modelFlag("--cutout-model"))
    .option("--denoise <0..1>", "strength of noise removal, for a model with a pair", numberFlag("--denoise", 0, 1))
    .option("--sharpen <0..1>", "sharpen the enlarged picture", numberFlag("--sharpen", 0, 1))
    .option("--contrast <0..0.5>", "add contrast to the enlarged picture", numberFlag("--contrast", 0, 0.5))
    .option("--remove-background", "cut out the main object")
    .option("--cut-out <settings>", "cut out with settings key=value,… (see below)", parseCutOut)
    .option(
      "--background <what>",
      "cut out, and put a colour, gradient:A,B[@ANGLE], a PICTURE or blur:N behind",
      parseBackground,
    )
    .option(
      "--background-fit <fit>",
      "of a PICTURE: cover (default), contain, stretch or tile",
      choiceFlag("--background-fit", fits),
    )
    .option("--background-position <x,y>", "of a PICTURE: 0,0 left and top to 1,1 (default: 0.5,0.5)", parsePosition)
    .option("--background-color <color>", "around a PICTURE that does not cover (default: white)", parseBackgroundColor)
    .option(
      "--effect <effect>",
      "NAME[:key=value,…] or preset:NAME; repeat for a chain",
      repeatedFlag<EffectText>(parseEffectText),
    )
    .option("--default-order", "the effects are a set: noise, blur, shake and motion run in this order")
    .option("--variant <variant>", "NAME=EFFECT+EFFECT…: a further output", repeatedFlag<Variant>(parseVariant))
    .option("--quality <quality>", `${qualities.join(", ")}`, choiceFlag("--quality", qualities), "auto")
    .option(
      "--format <format>",
      `${formats.join(", ")} (default: auto, or as -o ends)`,
      choiceFlag("--format", formats, formatAliases),
    )
    .option("--encode-quality <1..100>", "of JPEG, WebP and AVIF files", integerFlag("--encode-quality", 1, 100))
    .option("--lossless", "write WebP files without loss (PNG files never lose anything)")
    .option("--priority <priority>", priorities.join(" or "), choiceFlag("--priority", priorities), "interactive")
    .option(
      "--allow-degraded",
      "permit smaller sizes, lighter models and no finishing under load; the output lists them",
    )
    .option("--no-cache", "neither read nor write the result cache")
    .option(
      "--deadline <time>",
      "time after which an unfinished job fails: 90s, 10m",
      durationFlag("--deadline", "1s", "24h"),
    )
    .option("--jobs <n>", "pictures processed at once (default: 4)", integerFlag("--jobs", 1, 64))
    .option("-q, --quiet", "print failures only")
    .addOption(addressOption())
    .option("-o, --output <file>", "file for the only output; - is standard output")
    .option("--out-dir <dir>", "directory for outputs (default: .)")
    .option("--skip-existing", "leave out pictures that an earlier command with this flag has finished in --out-dir")
    .option("--report <file>", "write a CSV file with a line for each picture: state, outputs, time, confidence, error")
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

function modelFlag(flag: string): (text: string) => string {
  return (text) => {
    if (text === "") throw wrongFlag(flag, "the name of a model", text);
    return text;
  };
}
