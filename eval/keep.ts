import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { machineFacts } from "@pixelmesh/bench/machine";
import type { Frame } from "@pixelmesh/imaging";
import { toPng } from "./run-step.ts";
import type { Score } from "./score.ts";

const resultsDir = fileURLToPath(new URL("./results/", import.meta.url));
const sheetsDir = fileURLToPath(new URL("../out/eval/", import.meta.url));

/** Writes a score to eval/results/<name>.json, with the machine and its load. Replaces an earlier one. */
export async function keepScore(score: Score): Promise<void> {
  const document = {
    command: `make eval-models MODELS=${score.name}`,
    at: new Date().toISOString(),
    machine: machineFacts(),
    loadAverage: Number(loadavg()[0]?.toFixed(1)),
    ...score,
  };
  await mkdir(resultsDir, { recursive: true });
  await writeFile(join(resultsDir, `${score.name}.json`), `${JSON.stringify(document, null, 2)}\n`);
}

/** Writes a contact sheet to out/eval/<name>.png and returns its path. */
export async function keepSheet(name: string, sheet: Frame): Promise<string> {
  const path = join(sheetsDir, `${name}.png`);
  await mkdir(sheetsDir, { recursive: true });
  await writeFile(path, await toPng(sheet));
  return path;
}
