import type { InferenceSession } from "onnxruntime-node";
import type { HostModel } from "../host/host-protocol.ts";
import { HostFailure } from "./host-failure.ts";
import { toDims } from "./layout.ts";

/** The tensors of a session that are used. */
export type TensorNames = { readonly input: string; readonly output: string };

/**
 * The tensors to use. Fails with MODEL_INVALID unless the session takes and gives what the entry says, as far as the file
 * tells.
 */
export function checkSignature(session: InferenceSession, model: HostModel): TensorNames {
  const { input, output } = model;
  const channels = input.channels === "rgb" ? 3 : 1;
  const inputName = input.name ?? session.inputNames[0] ?? "";
  const outputName = output.name ?? session.outputNames[0] ?? "";
  if (session.inputNames.length !== 1 || session.inputNames[0] !== inputName) {
    throw mismatch("inputs", inputName || "one", session.inputNames.join(", "));
  }
  const size = input.fixedSizePx;
  const dims = toDims(input.layout, size?.widthPx ?? 0, size?.heightPx ?? 0, channels);
  const sides = input.layout === "nchw" ? [2, 3] : [1, 2];
  checkTensor("input", inputName, session.inputMetadata, (shape) =>
    shape.every((dim, at) => {
      if (size === null && sides.includes(at)) return typeof dim !== "number";
      return typeof dim !== "number" || dim === dims[at];
    }),
  );
  checkTensor("output", outputName, session.outputMetadata, () => true);
  return { input: inputName, output: outputName };
}

function checkTensor(
  what: string,
  name: string,
  metadata: readonly InferenceSession.ValueMetadata[],
  fits: (shape: readonly (number | string)[]) => boolean,
): void {
  const found = metadata.find((value) => value.name === name);
  if (found === undefined) throw mismatch(what, name, metadata.map((value) => value.name).join(", "));
  if (!found.isTensor || found.type !== "float32") {
    throw mismatch(`${what} type`, "float32", found.isTensor ? found.type : "no tensor");
  }
  // Some files leave the shape of their output open; the probe run tells it.
  if (what === "output" && found.shape.length === 0) return;
  if (found.shape.length !== 4 || !fits(found.shape)) {
    throw mismatch(`${what} shape`, "the one of its entry", found.shape.map((dim) => dim || "?").join("×"));
  }
}

function mismatch(what: string, form: string, got: string): HostFailure {
  return new HostFailure("MODEL_INVALID", `Expected the model's ${what} to be ${form}, got \`${got.slice(0, 120)}\``);
}
