import type { InferenceSession } from "onnxruntime-node";
import type { TensorFacts } from "../models/onnx-file.ts";
import { findMismatch, type TensorNames, toTensorNames } from "../models/signature.ts";
import { HostFailure } from "../protocol/host-failure.ts";
import type { HostModel } from "../protocol/messages.ts";

/**
 * Returns the tensors to use. Throws MODEL_INVALID if the session's inputs or outputs do not match the entry, as far as the
 * session describes them: a runtime may read a file differently from the registry.
 */
export function checkSignature(session: InferenceSession, model: HostModel): TensorNames {
  const signature = {
    inputs: session.inputMetadata.map(toFacts),
    outputs: session.outputMetadata.map(toFacts),
  };
  const mistake = findMismatch(signature, model);
  if (mistake !== null) throw new HostFailure("MODEL_INVALID", mistake);
  return toTensorNames(signature, model);
}

function toFacts(value: InferenceSession.ValueMetadata): TensorFacts {
  if (!value.isTensor) return { name: value.name, type: "no tensor", shape: null };
  return { name: value.name, type: value.type, shape: value.shape.map((dim) => dim || "?") };
}
