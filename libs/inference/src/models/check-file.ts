import { AppError } from "@pixelmesh/errors";
import type { ModelEntry } from "./manifest.ts";
import { NotOnnxError, type OnnxFile, readOnnxFile } from "./onnx-file.ts";
import { findMismatch } from "./signature.ts";

/**
 * Reads a model file without running it. MODEL_INVALID with what is wrong unless it is one ONNX file that brings all its
 * data (a digest covers no other files, and a path in a model may lead anywhere). Failures name it `shownAs`.
 */
export function readModelFile(path: string, shownAs = path): OnnxFile {
  const onnx = read(path, shownAs);
  const [location] = onnx.externalLocations;
  if (location === undefined) return onnx;
  const text = `${shownAs} keeps weights in another file, \`${location.slice(0, 80)}\`; a model has to be one file`;
  throw new AppError("MODEL_INVALID", text);
}

/** The same, and MODEL_INVALID unless the file takes and gives what its entry says. */
export function assertModelFile(
  path: string,
  entry: Pick<ModelEntry, "input" | "output" | "task">,
  shownAs = path,
): OnnxFile {
  const onnx = readModelFile(path, shownAs);
  const mistake = findMismatch(onnx, entry);
  if (mistake !== null) throw new AppError("MODEL_INVALID", `${shownAs} is not what its entry says. ${mistake}`);
  return onnx;
}

function read(path: string, shownAs: string): OnnxFile {
  try {
    return readOnnxFile(path);
  } catch (cause) {
    if (cause instanceof NotOnnxError) throw new AppError("MODEL_INVALID", `${shownAs} ${cause.message}`, { cause });
    const text = `${shownAs} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new AppError("MODEL_INVALID", text, { cause });
  }
}
