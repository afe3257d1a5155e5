import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { machineFacts } from "@pixelmesh/bench/machine";
import type { Frame } from "@pixelmesh/imaging";
import { toPng } from "./run-step.ts";
import type { Score } from "./score.ts";

/** Folder of the committed results. */
export const resultsDir = fileURLToPath(new URL("./results/", import.meta.url));
const sheetsDir = fileURLToPath(new URL("../out/eval/", import.meta.url));

/** Writes a score to eval/results/<name>.json. */
export function keepScore(score: Score): Promise<void> {
  return keepResult(score.name, score.name, score);
}

/** Writes a result of a model to eval/results/<file>.json, with the machine and its load. Replaces an earlier one. */
export async function keepResult(file: string, model: string, result: object): Promise<void> {
  const document = {
    command: `make eval-models MODELS=${model}`,
    at: new Date().toISOString(),
    machine: machineFacts(),
    loadAverage: Number(loadavg()[0]?.toFixed(1)),
    ...result,
  };
  await mkdir(resultsDir, { recursive: true });
  await writeFile(join(resultsDir, `${file}.json`), `${JSON.stringify(document, null, 2)}\n`);
}

/** Writes a contact sheet to out/eval/<name>.png and returns its path. */
export async function keepSheet(name: string, sheet: Frame): Promise<string> {
  const path = join(sheetsDir, `${name}.png`);
  await mkdir(sheetsDir, { recursive: true });
  await writeFile(path, await toPng(sheet));
  return path;
}
