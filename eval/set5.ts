import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "@pixelmesh/imaging";
import { findTestData, loadTestPicture } from "@pixelmesh/testing";
import { cutToMultiple } from "./crop.ts";
import { resizeLikeMatlab } from "./matlab-bicubic.ts";

/** A picture whose sides were cut to multiples of the scale, and its reduced version. */
export type Set5Picture = { readonly name: string; readonly original: Frame; readonly small: Frame };

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
export async function loadSet5(scale: number): Promise<readonly Set5Picture[]> {
  const dir = findSet5();
  if (dir === undefined) throw new Error("Expected the folder sr/Set5 in the test data, got none");
  return Promise.all(
    names.map(async (name) => {
      const original = cutToMultiple((await loadTestPicture(join(dir, `${name}.png`))).frame, scale);
      return { name, original, small: resizeLikeMatlab(original, 1 / scale) };
    }),
  );
}
