import { existsSync } from "node:fs";
import { join } from "node:path";
import { findTestData, loadTestPicture } from "@pixelmesh/testing";
import { cutToMultiple } from "./crop.ts";
import { resizeLikeMatlab } from "./matlab-bicubic.ts";
import type { ReducedPicture } from "./reduced-picture.ts";

const names = ["baby", "bird", "butterfly", "head", "woman"];

/** Returns the directory of the five pictures of Bevilacqua et al. (2012). Prints a message and returns undefined if it is missing. */
export function findSet5(): string | undefined {
  const data = findTestData();
  const dir = data && join(data, "sr", "Set5");
  if (dir && existsSync(dir)) return dir;
  if (dir) process.stderr.write(`SKIPPED: Set5; there is no ${dir}\n`);
  return undefined;
}

/** Loads the five pictures and reduces them by the scale. Throws if the set is missing. */
export async function loadSet5(scale: number): Promise<readonly ReducedPicture[]> {
  const dir = findSet5();
  if (dir === undefined) throw new Error("Expected the folder sr/Set5 in the test data, got none");
  return Promise.all(
    names.map(async (name) => {
      const original = cutToMultiple((await loadTestPicture(join(dir, `${name}.png`))).frame, scale);
      return { name, original, small: resizeLikeMatlab(original, 1 / scale) };
    }),
  );
}
