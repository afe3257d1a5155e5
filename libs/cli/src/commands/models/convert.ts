import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { wrongFlag } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import { addConverted } from "../../convert/add-converted.ts";
import type { CliIo } from "../../io.ts";
import { parseModelName } from "./import.ts";
import { modelsDirOption } from "./models-dir-option.ts";

type Options = {
  readonly bin?: string;
  readonly name?: string;
  readonly licence?: string;
  readonly modelsDir?: string;
  readonly json?: true;
};

const help = `
Takes SRVGGNetCompact and RRDBNet checkpoints of PyTorch (realesr-general-x4v3, realesr-animevideov3, RealESRGAN_x4plus,
x2plus, x4plus_anime_6B and others of these architectures), and ncnn files of the Real-ESRGAN family. Anything but
tensors is refused, and nothing in the file is run. Needs python3 (or the one that PIXELMESH_PYTHON names); the first use
installs numpy and onnx into .tools/convert. A name that \`pixelmesh models list\` knows without a sha256 gets that entry;
another name gets one of its own, measured as by \`models import\`.

Examples:
  pixelmesh models convert RealESRGAN_x4plus.pth
  pixelmesh models convert realesr-animevideov3-x4.param --licence BSD-3-Clause --models-dir ~/models`;

/** Adds `models convert FILE`. */
export function addConvert(models: Command, io: CliIo, finish: (exitCode: number) => void): void {
  models
    .command("convert")
    .description("Converts a PyTorch checkpoint or an ncnn model to ONNX, and adds it as a model.")
    .argument("<file>", "a .pth, .pt or .param file")
    .option("--bin <file>", "weights of a .param file (default: beside it, with the same name)")
    .option("--name <name>", "name of the model (default: that of the file)", parseModelName)
    .option("--licence <licence>", "SPDX name of its licence; recorded only")
    .addOption(modelsDirOption("put it there"))
    .option("--json", "print JSON")
    .addHelpText("after", help)
    .action(async (file: string, options: Options) => {
      for (const [flag, path] of [
        ["file", file],
        ["--bin", options.bin],
      ] as const) {
        if (path !== undefined && !(await isFile(path))) throw wrongFlag(flag, "a file that exists", path);
      }
      if (![".pth", ".pt", ".param"].includes(extname(file))) {
        throw wrongFlag("file", "a .pth, .pt or .param file", file);
      }
      io.stdout.write(await convert(file, options, io));
      finish(0);
    });
}

async function convert(file: string, { bin, name, licence, modelsDir, json }: Options, io: CliIo): Promise<string> {
  const { convertCheckpoint } = await import("../../convert/convert-checkpoint.ts");
  const onStep = (text: string) => void io.stderr.write(`${text}\n`);
  const model = name ?? parseModelName(basename(file, extname(file)));
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-convert-"));
  try {
    const onnxFile = join(dir, `${model}.onnx`);
    const conversion = await convertCheckpoint({
      ...{ file, outFile: onnxFile, env: io.env, signal: io.stopping, onStep },
      ...(bin === undefined ? {} : { binFile: bin }),
    });
    const { architecture, scale, parameters } = conversion;
    onStep(`${architecture}, x${scale}, ${parameters} parameters`);
    return await addConverted({ name: model, scale, onnxFile, licence, modelsDir, json: json ?? false, onStep }, io);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}
