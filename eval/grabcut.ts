import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Frame } from "@pixelmesh/imaging";
import { findTestData, loadTestPicture, type TestPicture } from "@pixelmesh/testing";

/** A photograph and its hand-drawn mask: 0 background, 255 object, 128 not counted. */
export type GrabCutPicture = { readonly name: string; readonly photo: TestPicture; readonly mask: Frame };

const maskEnd = ".mask.png";

/** Returns the directory of the photographs of Rother et al. (2004). Prints a message and returns undefined if it is missing. */
export function findGrabCut(): string | undefined {
  const data = findTestData();
  const dir = data && join(data, "matting", "GrabCut");
  if (dir && existsSync(dir)) return dir;
  if (dir) process.stderr.write(`SKIPPED: GrabCut; there is no ${dir}\n`);
  return undefined;
}

/** Loads all photographs with their masks, by name. Throws if the set is missing or a mask has no photograph of its size. */
export async function loadGrabCut(): Promise<readonly GrabCutPicture[]> {
  const dir = findGrabCut();
  if (dir === undefined) throw new Error("Expected the folder matting/GrabCut in the test data, got none");
  const files = await readdir(dir);
  const names = files.filter((file) => file.endsWith(maskEnd)).map((file) => file.slice(0, -maskEnd.length));
  return Promise.all(
    names.sort().map(async (name) => {
      const file = files.find((other) => other.startsWith(`${name}.`) && !other.endsWith(maskEnd));
      if (file === undefined) throw new Error(`Expected a photograph for ${name}${maskEnd}, got none`);
      const photo = await loadTestPicture(join(dir, file));
      const { frame: mask } = await loadTestPicture(join(dir, `${name}${maskEnd}`));
      if (photo.frame.widthPx !== mask.widthPx || photo.frame.heightPx !== mask.heightPx)
        throw new Error(`Expected ${file} and its mask to have the same sides`);
      return { name, photo, mask };
    }),
  );
}
