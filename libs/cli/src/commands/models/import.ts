import { statSync } from "node:fs";
import { choiceFlag, integerFlag, wrongFlag } from "@pixelmesh/flag-values";
import type { ImportReport, MatteFamilyName } from "@pixelmesh/models";
import { type Command, Option } from "commander";
import { toShortSize, toTable } from "../../format/text.ts";
import type { CliIo } from "../../io.ts";
import { modelsDirOption, toReachNote } from "./models-dir-option.ts";

/** The families of @pixelmesh/models. Its modules would slow down every command. */
const families = [
  "u2net",
  "isnet",
  "birefnet",
  "birefnet-dynamic",
  "modnet",
  "pixelmesh",
] as const satisfies readonly MatteFamilyName[];

type Triple = readonly [number, number, number];
type Options = {
  readonly task: "upscale" | "matte";
  readonly name?: string;
  readonly family?: MatteFamilyName;
  readonly licence?: string;
  readonly licenceNote?: string;
  readonly trainedOn?: string;
  readonly range?: "unit" | "byte";
  readonly mean?: Triple;
  readonly std?: Triple;
  readonly size?: number;
  readonly modelsDir?: string;
  readonly json?: true;
};

/** Adds `models import FILE`. */
export function addImport(models: Command, io: CliIo, finish: (exitCode: number) => void): void {
  models
    .command("import")
    .description(
      "Adds an ONNX file as a model: reads its graph, measures the rest by running it, and writes its entry.",
    )
    .argument("<file>", "an ONNX file", parseFile)
    .addOption(
      new Option("--task <task>", "what it is for: upscale or matte")
        .argParser(choiceFlag("--task", ["upscale", "matte"]))
        .makeOptionMandatory(),
    )
    .option("--name <name>", "name of the model (default: that of the file)", parseModelName)
    .option("--family <family>", `of a matte model: ${families.join(", ")}`, choiceFlag("--family", families))
    .option("--licence <licence>", "SPDX name of its licence; recorded only")
    .option("--licence-note <text>", "doubts about the licence of the weights; recorded only")
    .option("--trained-on <text>", "what the weights were trained on; recorded only")
    .option(
      "--range <range>",
      "range of its samples: unit (0..1) or byte (0..255)",
      choiceFlag("--range", ["unit", "byte"]),
    )
    .option("--mean <r,g,b>", "subtracted from samples", parseTriple("--mean"))
    .option("--std <r,g,b>", "divides samples", parseTriple("--std"))
    .option("--size <px>", "side at which to run a matte model that takes any size", integerFlag("--size", 32, 4_096))
    .addOption(modelsDirOption("put it there"))
    .option("--json", "print JSON")
    .action(async (file: string, options: Options) => {
      const { chooseTargetDir, importModel, toModelsDirs } = await import("@pixelmesh/models");
      const { modelsDir, size, json, ...facts } = options;
      const targetDir = await chooseTargetDir(io.env, modelsDir);
      const report = await importModel({
        ...facts,
        file,
        dirs: toModelsDirs(io.env, modelsDir),
        targetDir,
        signal: io.stopping,
        onStep: (text) => io.stderr.write(`finding out: ${text}\n`),
        ...(size === undefined ? {} : { matteSizePx: size }),
      });
      io.stdout.write(
        json
          ? `${JSON.stringify(report, null, 2)}\n`
          : describeImport(report, toReachNote(targetDir, toModelsDirs(io.env), io)),
      );
      finish(0);
    });
}

/** Formats an imported model as lines for people. `reach` is the note of `toReachNote`. */
export function describeImport({ entry, path, notes }: ImportReport, reach: string): string {
  const { input, memory, preferredTilesPx } = entry;
  const { fixedSizePx, openSizePx } = input;
  const open = openSizePx?.shorterSidePx ? `shorter side ${openSizePx.shorterSidePx} px` : "any";
  const size = fixedSizePx ? `${fixedSizePx.widthPx}x${fixedSizePx.heightPx} px` : open;
  const multiple = entry.sizeMultiple > 1 ? `, multiples of ${entry.sizeMultiple} px` : "";
  const rows = [
    ["model", entry.name],
    ["file", path],
    ["task", entry.scale > 1 ? `${entry.task} x${entry.scale}` : entry.task],
    ["input", `${input.name}, ${input.layout}, ${input.channels}, ${input.range}, size ${size}${multiple}`],
    ["output", `${entry.output.name}${entry.output.sigmoid ? ", sigmoid by the host" : ""}`],
    ["halo", `${entry.haloPx} px`],
    ["class", `${entry.workClass}, tiles of ${preferredTilesPx.join(", ")} px`],
    ["memory", `${toShortSize(memory.residentBytes)} and ${memory.bytesPerInputPixel} B for each input pixel`],
    ["sha256", entry.sha256 ?? ""],
  ];
  return `${toTable(rows)}${notes.map((note) => `note: ${note}\n`).join("")}${reach}`;
}

function parseFile(text: string): string {
  if (statSync(text, { throwIfNoEntry: false })?.isFile()) return text;
  throw wrongFlag("file", "an ONNX file that exists", text);
}

/** Returns a model name from a flag. Throws UsageError for other text. */
export function parseModelName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text;
  throw wrongFlag("--name", "letters, digits, `.`, `_` and `-`, at most 64", text);
}

function parseTriple(flag: string): (text: string) => Triple {
  return (text) => {
    const [red = Number.NaN, green = Number.NaN, blue = Number.NaN, ...more] = text.split(",").map(toNumber);
    if (Number.isFinite(red + green + blue) && more.length === 0) return [red, green, blue];
    throw wrongFlag(flag, "three numbers such as 0.485,0.456,0.406", text);
  };
}

/** Returns NaN for an empty text too, which `Number` turns into 0. */
function toNumber(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}
