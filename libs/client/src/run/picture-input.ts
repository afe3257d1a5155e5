import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { AppError } from "@pixelmesh/errors";
import type { Picture } from "../pictures.ts";

/** A picture of a run: the path of a file, its bytes, or any form that `jobs.create` takes. */
export type PictureInput = string | Uint8Array | Picture;

/** Converts a picture to the form of `jobs.create`. Throws INVALID_ARGUMENT for a path without a file. */
export async function toPicture(input: PictureInput): Promise<Picture> {
  if (input instanceof Uint8Array) return { bytes: input };
  if (typeof input !== "string") return input;
  const found = await stat(input).catch((cause: unknown) => {
    throw new AppError("INVALID_ARGUMENT", `Expected a picture at ${input}, got no file`, { cause });
  });
  return { open: () => createReadStream(input), sizeBytes: found.size };
}

/** Returns the stems of many pictures. Where another file has the same name, in capitals or not, `-2`, `-3`… is appended, so that no output replaces another. */
export function stemsOf(inputs: readonly unknown[]): (string | undefined)[] {
  const taken = new Set<string>();
  return inputs.map((input) => {
    const own = stemOf(input);
    if (own === undefined) return undefined;
    let stem = own;
    for (let n = 2; taken.has(stem.toLowerCase()); n += 1) stem = `${own}-${n}`;
    taken.add(stem.toLowerCase());
    return stem;
  });
}

/** Returns the stem of output files of a picture: the name of its file without extension; undefined for other pictures. */
export function stemOf(input: unknown): string | undefined {
  return typeof input === "string" ? basename(input, extname(input)) : undefined;
}
