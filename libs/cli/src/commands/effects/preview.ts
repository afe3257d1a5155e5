import {
  choiceFlag,
  type EffectText,
  type Format,
  formatAliases,
  formats,
  parseEffectText,
  repeatedFlag,
  toOutputFormat,
  UsageError,
} from "@pixelmesh/flag-values";
import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { addressOption } from "../../options/address-option.ts";
import { type PreviewModeName, previewModes } from "../../preview/modes.ts";

type Options = {
  readonly effect?: readonly EffectText[];
  readonly mode: PreviewModeName;
  readonly format?: Format;
  readonly output: string;
  readonly address: string;
};

const examples = `
Without --effect the output is a sheet of all effects, each with its name below it. With --effect it is the preview of that chain.

Examples:
  pixelmesh effects preview photo.jpg -o sheet.png
  pixelmesh effects preview photo.jpg --effect dither:method=bayer8 --effect retro_8bit --mode high -o preview.png`;

/** Adds `effects preview PICTURE`. */
export function addPreview(effects: Command, io: CliIo, finish: (exitCode: number) => void): void {
  effects
    .command("preview")
    .description("Makes a small preview of effects on a picture, or a sheet of all effects.")
    .argument("<picture>", "a JPEG, PNG, WebP, AVIF or GIF file; - is standard input")
    .requiredOption("-o, --output <file>", "file for the preview or the sheet; - is standard output")
    .option(
      "--effect <effect>",
      "NAME[:key=value,…] or preset:NAME; repeat for a chain",
      repeatedFlag<EffectText>(parseEffectText),
    )
    .option(
      "--mode <mode>",
      "longer side of a preview: fast (300 px), balanced (500 px) or high (800 px)",
      choiceFlag("--mode", previewModes),
      "fast" as const,
    )
    .option(
      "--format <format>",
      `${formats.join(", ")} (default: as -o ends, else png)`,
      choiceFlag("--format", formats, formatAliases),
    )
    .addOption(addressOption())
    .addHelpText("after", examples)
    .action(async (picture: string, { effect = [], mode, format, output, address }: Options) => {
      const outputFormat = toOutputFormat(output, format);
      const { assertWritable } = await import("../../run/output-target.ts");
      const { assertNoInput, createInputCheck } = await import("../../run/file-identity.ts");
      assertNoInput(output, createInputCheck([picture]));
      assertWritable("-o", output);
      if (effect.length > 16) throw new UsageError(`Expected at most 16 of \`--effect\`, got ${effect.length}`);
      const { makePreview } = await import("../../preview/make-preview.ts");
      await makePreview({ picture, effects: effect, mode, format: outputFormat, output, address }, io);
      finish(0);
    });
}
