import { readdirSync } from "node:fs";
import { join } from "node:path";
import { decodePicture, defaultLimits, encodeFrame } from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { findTestData, loadTestPicture } from "@pixelmesh/testing";
import { cutMiddle, cutToMultiple } from "../crop.ts";
import { resizeLikeMatlab } from "../matlab-bicubic.ts";
import type { ReducedPicture } from "../reduced-picture.ts";

/** The photographs are cut to a middle of at most this side, so that one run takes minutes. */
const mostPx = 512;

/** Returns the folder of photographs in the test data, which `findTestData` reports where it is missing. */
export function findPhotographs(): string | undefined {
  const data = findTestData();
  return data && join(data, "photos");
}

/**
 * Loads the middle of each photograph and reduces it by the scale like MATLAB. With a JPEG quality, 1 to 100, the reduced picture is the
 * project's JPEG file of it. Throws if the folder is missing.
 */
export async function loadPhotographs(scale: number, jpegQuality: number | null): Promise<readonly ReducedPicture[]> {
  const dir = findPhotographs();
  if (dir === undefined) throw new Error("Expected the folder photos in the test data, got none");
  const files = readdirSync(dir).filter((file) => /\.(png|jpg)$/.test(file));
  return Promise.all(
    files.toSorted().map(async (file) => {
      const { frame } = await loadTestPicture(join(dir, file));
      const original = cutToMultiple(cutMiddle(frame, mostPx), scale);
      const small = resizeLikeMatlab(original, 1 / scale);
      const name = file.replace(/\.\w+$/, "");
      if (jpegQuality === null) return { name, original, small };
      const encoding = Encoding.fromPartial({ format: ImageFormat.JPEG, quality: jpegQuality });
      const { bytes } = await encodeFrame(small, encoding);
      return { name, original, bytes, small: (await decodePicture(bytes, defaultLimits)).frame };
    }),
  );
}
