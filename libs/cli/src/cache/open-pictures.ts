import type { Picture } from "@pixelmesh/client";
import { backgroundUpload } from "@pixelmesh/pipeline-flags";
import { digestOf } from "../batches/digest-of.ts";
import { openPicture } from "../run/picture-source.ts";
import type { PictureTask } from "../run/run-picture.ts";

type Files = Pick<PictureTask, "path" | "flags" | "effectPictures">;

/** Returns the files of a job with the names of their uploads, the source first. */
function filesOf({ path, flags, effectPictures }: Files): readonly { readonly name: string; readonly path: string }[] {
  const { background } = flags;
  const behind = background?.kind === "picture" ? [{ name: backgroundUpload, path: background.path }] : [];
  return [{ name: "source", path }, ...behind, ...effectPictures];
}

/** Returns the digests of the files of a job. Throws errors of the file system. */
export async function digestsOf(files: Files): Promise<{ readonly name: string; readonly sha256: string }[]> {
  return await Promise.all(filesOf(files).map(async ({ name, path }) => ({ name, sha256: await digestOf(path) })));
}

/** Opens the files of a job for their upload. */
export async function openFiles(files: Files, signal: AbortSignal): Promise<Picture[]> {
  const from = { stdin: undefined, signal };
  return await Promise.all(filesOf(files).map(({ name, path }) => openPicture(name, path, from)));
}
