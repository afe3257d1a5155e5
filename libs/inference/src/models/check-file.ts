import { AppError } from "@pixelmesh/errors";
import type { ModelEntry } from "./manifest.ts";
import { NotOnnxError, type OnnxFile, readOnnxFile } from "./onnx-file.ts";
import { findMismatch } from "./signature.ts";

/**
 * Reads a model file without running it. Throws MODEL_INVALID with the reason unless it is one ONNX file with all of its data:
 * a digest covers no other files, and a path in a model may lead anywhere. Error texts call the file `shownAs`.
 */
export function readModelFile(path: string, shownAs = path): OnnxFile {
  const onnx = read(path, shownAs);
  const [location] = onnx.externalLocations;
  if (location === undefined) return onnx;
  const text = `${shownAs} keeps weights in another file, \`${location.slice(0, 80)}\`; a model has to be one file`;
  throw new AppError("MODEL_INVALID", text);
}

/** Like `readModelFile`, and throws MODEL_INVALID if the inputs or outputs of the file do not match its entry. */
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
