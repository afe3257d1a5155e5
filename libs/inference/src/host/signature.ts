import type { InferenceSession } from "onnxruntime-node";
import type { TensorFacts } from "../models/onnx-file.ts";
import { findMismatch, type TensorNames, toTensorNames } from "../models/signature.ts";
import { HostFailure } from "../protocol/host-failure.ts";
import type { HostModel } from "../protocol/messages.ts";

/**
 * The tensors to use. Fails with MODEL_INVALID unless the session takes and gives what the entry says, as far as it
 * tells: a runtime may see another model than the registry did.
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
