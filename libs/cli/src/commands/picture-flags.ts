import {
  choiceFlag,
  durationFlag,
  type EffectText,
  fits,
  formatAliases,
  formats,
  integerFlag,
  labelFlag,
  numberFlag,
  parseBackground,
  parseBackgroundColor,
  parseCutOut,
  parseEffectText,
  parseFeatureText,
  parsePosition,
  parseRemoteModelText,
  parseVariant,
  priorities,
  qualities,
  repeatedFlag,
  type Variant,
  wrongFlag,
} from "@pixelmesh/flag-values";
import type { Command } from "commander";
import { addressOption } from "../options/address-option.ts";

const parseScale = choiceFlag("--upscale", ["2", "3", "4"]);

/** What differs between the commands that share the flags. */
type Differences = { readonly priority: (typeof priorities)[number]; readonly jobs: string };

const ofRun: Differences = { priority: "interactive", jobs: "pictures processed at once (default: 4)" };

/** Adds the flags that say what is done with each picture, and how. `run`, `watch` and `batches create` share them. */
export function addPictureFlags(command: Command, { priority, jobs }: Differences = ofRun): Command {
  return command
    .option("--max-side <px>", "shrink the source to this longest side", integerFlag("--max-side", 16, 16_384))
    .option("--upscale <factor>", "enlarge by this factor with a model: 2, 3 or 4", (text) => Number(parseScale(text)))
    .option(
      "--width <px>",
      "enlarge to this width instead; with --height, to fit both",
      integerFlag("--width", 1, 16_384),
    )
    .option("--height <px>", "enlarge to this height instead", integerFlag("--height", 1, 16_384))
    .option("--model <name>", "model for enlarging or cutting out (see `models list`)", modelFlag("--model"))
    .option(
      "--upscale-model <name>",
      "model for enlarging; `photo`: that for compressed pictures; `auto`: it or the default, by the picture",
      modelFlag("--upscale-model"),
    )
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
    .option(
      "--remote-model <model>",
      "NAME[:key=value,…]: send the picture to a hosted model, outside of the mesh, after all other steps",
      parseRemoteModelText,
    )
    .option(
      "--feature <feature>",
      "NAME[@VERSION][:key=value,…]: a pipeline of the mesh in place of other steps (see `features`)",
      parseFeatureText,
    )
    .option("--quality <quality>", `${qualities.join(", ")}`, choiceFlag("--quality", qualities), "auto")
    .option(
      "--format <format>",
      `${formats.join(", ")} (default: auto, or as -o ends)`,
      choiceFlag("--format", formats, formatAliases),
    )
    .option("--encode-quality <1..100>", "of JPEG, WebP and AVIF files", integerFlag("--encode-quality", 1, 100))
    .option("--lossless", "write WebP files without loss (PNG files never lose anything)")
    .option("--priority <priority>", priorities.join(" or "), choiceFlag("--priority", priorities), priority)
    .option(
      "--allow-degraded",
      "permit smaller sizes, lighter models and no finishing under load; the output lists them",
    )
    .option("--no-cache", "neither read nor write the result cache")
    .option("--refresh", "compute every step again, and replace the results in the result cache")
    .option(
      "--deadline <time>",
      "time after which an unfinished job fails: 90s, 10m",
      durationFlag("--deadline", "1s", "24h"),
    )
    .option(
      "--label <label>",
      "label of the jobs, for `jobs list --label`; repeat for several",
      repeatedFlag(labelFlag("--label")),
    )
    .option("--jobs <n>", jobs, integerFlag("--jobs", 1, 64))
    .option("-q, --quiet", "print failures only")
    .addOption(addressOption());
}

function modelFlag(flag: string): (text: string) => string {
  return (text) => {
    if (text === "") throw wrongFlag(flag, "the name of a model", text);
    return text;
  };
}
