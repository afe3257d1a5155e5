import type { Pipeline } from "@pixelmesh/proto";
import { AUTO_MODEL } from "../operations/upscale-auto.ts";
import { explicitInputs } from "./graph.ts";

/**
 * The names of the uploads whose compression decides about a model: those from which the first inputs of upscales by `auto` are made. The
 * pipeline need not be valid: steps that do not exist, and cycles, give nothing.
 */
export function autoModelUploads({ steps }: Pipeline): readonly string[] {
  const inputOf = new Map(steps.map(({ id }, index) => [id, explicitInputs(steps, index)[0]?.from]));
  const isAuto = ({ operation }: Pipeline["steps"][number]) =>
    operation?.$case === "upscale" && operation.value.model === AUTO_MODEL;
  const uploads = steps.filter(isAuto).flatMap(({ id }) => {
    let from = inputOf.get(id);
    // No chain is longer than the list.
    for (let walked = 0; walked < steps.length && from?.$case === "step"; walked++) from = inputOf.get(from.value);
    return from?.$case === "upload" ? [from.value] : [];
  });
  return [...new Set(uploads)];
}
