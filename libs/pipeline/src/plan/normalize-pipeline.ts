import type { Output, Pipeline, Step } from "@pixelmesh/proto";
import { canonicalEncoding } from "../values/encoding.ts";
import { explicitInputs } from "./graph.ts";

/**
 * A pipeline with its defaults written out, except those that need the catalogue: every step's inputs, every output's step and
 * encoding, and the one output "result" of the last step where the pipeline has no outputs.
 */
export function normalizePipeline(pipeline: Pipeline): { steps: Step[]; outputs: Output[] } {
  const { steps, outputs } = pipeline;
  const lastId = steps.at(-1)?.id ?? "";
  const wanted = outputs.length > 0 ? outputs : [{ name: "result", step: lastId, encoding: undefined }];
  return {
    steps: steps.map((step, index) => ({ ...step, inputs: [...explicitInputs(steps, index)] })),
    outputs: wanted.map(({ name, step, encoding }) => ({
      name,
      step: step || lastId,
      encoding: canonicalEncoding(encoding),
    })),
  };
}
