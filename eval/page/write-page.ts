import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeFrame, type Frame } from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { resultsDir } from "../keep.ts";
import type { PhotographScore } from "../photographs/evaluate.ts";
import type { Score } from "../score.ts";
import { createPage, type Results } from "./create-page.ts";

/** The generated page. */
export const pagePath = fileURLToPath(new URL("../../docs/reference/models.md", import.meta.url));
const sheetsDir = fileURLToPath(new URL("../../docs/reference/models/", import.meta.url));
const sheetQuality = 80;

/** Reads the results of models from eval/results/. Other results there are left out. */
export async function loadResults(): Promise<Results> {
  const scores: Score[] = [];
  const photographs: PhotographScore[] = [];
  for (const file of (await readdir(resultsDir)).filter((name) => name.endsWith(".json")).toSorted()) {
    const result = JSON.parse(await readFile(join(resultsDir, file), "utf8"));
    if (Array.isArray(result.variants) && "photographs" in result) photographs.push(result);
    else if (result.set === "Set5" || result.set === "GrabCut") scores.push(result);
  }
  return { scores, photographs };
}

/** Writes docs/reference/models.md from the results that are kept, of this run and of earlier ones. */
export async function writePage(): Promise<void> {
  await writeFile(pagePath, createPage(await loadResults()));
}

/** Writes a sheet of the page as WebP. */
export async function writePageSheet(name: string, sheet: Frame): Promise<void> {
  const { bytes } = await encodeFrame(sheet, Encoding.fromPartial({ format: ImageFormat.WEBP, quality: sheetQuality }));
  await mkdir(sheetsDir, { recursive: true });
  await writeFile(join(sheetsDir, `${name}.webp`), bytes);
}
