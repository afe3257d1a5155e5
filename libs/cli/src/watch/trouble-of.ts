import { AppError, clientRetriesOf } from "@pixelmesh/errors";
import type { PictureResult } from "../run/document.ts";
import type { TroubleKind } from "./troubles.ts";

/** Errors of the file system that pass without any change of the picture: a full disk, a folder that is gone or closed, too many open files. */
const passing: ReadonlySet<string> = new Set([
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EIO",
  "ESTALE",
  "ENOENT",
  "ENOTDIR",
  "EACCES",
  "EPERM",
  "EMFILE",
  "ENFILE",
]);

/**
 * Returns what was missing when a picture failed, if that is no fault of the picture: the mesh or the place of the outputs. `inputs` are the paths of all files
 * that were read for it: an error about one of them is the picture's.
 */
export function troubleOf({ cause }: PictureResult, inputs: readonly string[]): TroubleKind | undefined {
  if (cause instanceof AppError) return isOfMesh(cause) ? "mesh" : undefined;
  const { code, syscall, path } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined || !passing.has(code) || syscall === "read") return undefined;
  return path !== undefined && inputs.includes(path) ? undefined : "outputs";
}

function isOfMesh({ reason }: AppError): boolean {
  // A mesh that was set up anew knows neither its old jobs nor, until it has its tokens, its callers.
  return clientRetriesOf(reason) !== "never" || reason === "JOB_NOT_FOUND" || reason === "UNAUTHENTICATED";
}
