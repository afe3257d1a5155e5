import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describeImport } from "../commands/models/import.ts";
import { toReachNote } from "../commands/models/models-dir-option.ts";
import { describePull } from "../commands/models/pull.ts";
import type { CliIo } from "../io.ts";

/** A converted model, and where its entry comes from. */
export type Converted = {
  readonly name: string;
  readonly scale: number;
  readonly onnxFile: string;
  readonly licence: string | undefined;
  readonly modelsDir: string | undefined;
  readonly json: boolean;
  readonly onStep: (text: string) => void;
};

/**
 * Puts a converted file into the models directory and returns the text for the user. A known entry of the name and scale that
 * has no sha256 yet, or this one, is kept: it gets the file's sha256. Otherwise the model is measured and gets an entry.
 */
export async function addConverted(
  { name, scale, onnxFile, licence, modelsDir, json, onStep }: Converted,
  io: CliIo,
): Promise<string> {
  const { chooseTargetDir, importModel, listModels, pullModel, toModelsDirs } = await import("@pixelmesh/models");
  const targetDir = await chooseTargetDir(io.env, modelsDir);
  const dirs = toModelsDirs(io.env, modelsDir);
  const known = (await listModels(dirs, io.env)).find((model) => model.name === name && model.scale === scale);
  const reach = toReachNote(targetDir, toModelsDirs(io.env), io);
  const isKept =
    known !== undefined &&
    known.task === "upscale" &&
    (known.sha256 === null ? known.state !== "here" : known.sha256 === (await digestOf(onnxFile)));
  if (isKept) {
    const report = await pullModel({ name, dirs, targetDir, env: io.env, signal: io.stopping, from: onnxFile });
    return json ? `${JSON.stringify(report, null, 2)}\n` : `${describePull(report, targetDir)}${reach}`;
  }
  const report = await importModel({
    ...{ file: onnxFile, task: "upscale", name, range: "unit", dirs, targetDir, signal: io.stopping },
    ...(licence === undefined ? {} : { licence }),
    onStep: (text) => onStep(`finding out: ${text}`),
  });
  return json ? `${JSON.stringify(report, null, 2)}\n` : describeImport(report, reach);
}

async function digestOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}
