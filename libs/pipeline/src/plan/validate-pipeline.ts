import { AppError, expected } from "@pixelmesh/errors";
import type { Input, Pipeline, Step } from "@pixelmesh/proto";
import type { Catalogue } from "../operations/catalogue.ts";
import { assertKnown, inputsOf, operationOf, operations, validateOperation } from "../operations/operations.ts";
import { assertEncoding } from "../values/encoding.ts";
import { MAX_OUTPUTS, MAX_STEPS } from "../values/limits.ts";
import { edgesOf, explicitInputs, findCycle } from "./graph.ts";

/**
 * Checks that a pipeline can be planned for pictures uploaded under these names. Throws INVALID_PIPELINE for its shape
 * (the error names a cycle), UNKNOWN_OPERATION, UNKNOWN_MODEL or UNKNOWN_EFFECT with the known names in metadata `known`,
 * MODEL_UNAVAILABLE, and INVALID_ARGUMENT with the field's path for a value outside its range.
 */
export function validatePipeline(pipeline: Pipeline, uploads: readonly string[], catalogue: Catalogue): void {
  const { steps, outputs } = pipeline;
  if (steps.length < 1 || steps.length > MAX_STEPS) {
    throw expected("pipeline.steps", `a list of 1 to ${MAX_STEPS} steps`, steps.length, "INVALID_PIPELINE");
  }
  if (outputs.length > MAX_OUTPUTS) {
    throw expected("pipeline.outputs", `a list of at most ${MAX_OUTPUTS} outputs`, outputs.length, "INVALID_PIPELINE");
  }
  assertNames(steps, "steps", (step) => step.id, "id", /^[a-z][a-z0-9_-]{0,31}$/);
  assertNames(outputs, "outputs", (output) => output.name, "name", /^[a-z0-9][a-z0-9_-]{0,31}$/);

  const resolved = steps.map((step, index) => ({ ...step, inputs: [...explicitInputs(steps, index)] }));
  const repeated = uploads.find((name, index) => uploads.indexOf(name) !== index);
  if (repeated !== undefined) throw expected("upload.name", "unique among the uploads", repeated);
  const ids = new Set(steps.map((step) => step.id));
  for (const [index, step] of resolved.entries()) assertInputs(step, `pipeline.steps[${index}]`, ids, uploads);
  assertAcyclic(resolved);

  for (const [index, step] of steps.entries()) assertOperation(step, `pipeline.steps[${index}]`, catalogue);
  for (const [index, { step, encoding }] of outputs.entries()) {
    const path = `pipeline.outputs[${index}]`;
    if (step !== "" && !ids.has(step)) throw expected(`${path}.step`, "the id of a step", step, "INVALID_PIPELINE");
    assertEncoding(encoding, `${path}.encoding`);
  }
}

function assertOperation(step: Step, stepPath: string, catalogue: Catalogue): void {
  const operation = operationOf(step);
  const path = `${stepPath}.${operations[operation.$case].name}`;
  validateOperation(operation, path);
  assertKnown(operation, path, catalogue);
}

function assertNames<T>(
  items: readonly T[],
  list: string,
  nameOf: (item: T) => string,
  field: string,
  form: RegExp,
): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const name = nameOf(item);
    const path = `pipeline.${list}[${index}].${field}`;
    if (!form.test(name)) throw expected(path, `text like ${form.source}`, name, "INVALID_PIPELINE");
    if (seen.has(name)) throw expected(path, `unique among the ${list}`, name, "INVALID_PIPELINE");
    seen.add(name);
  }
}

function assertInputs(step: Step, path: string, ids: ReadonlySet<string>, uploads: readonly string[]): void {
  const names = inputsOf(operationOf(step)).map(({ name }) => name);
  if (step.inputs.length !== names.length) {
    const form = `${names.length} picture${names.length > 1 ? "s" : ""} (${names.join(", ")})`;
    throw expected(`${path}.inputs`, form, step.inputs.length, "INVALID_PIPELINE");
  }
  for (const [index, input] of step.inputs.entries()) assertInput(input, `${path}.inputs[${index}]`, ids, uploads);
}

function assertInput({ from }: Input, path: string, ids: ReadonlySet<string>, uploads: readonly string[]): void {
  if (from === undefined) throw expected(path, "a step or an upload", "nothing", "INVALID_PIPELINE");
  if (from.$case === "step" && !ids.has(from.value)) {
    throw expected(`${path}.step`, "the id of a step", from.value, "INVALID_PIPELINE");
  }
  if (from.$case === "upload" && !uploads.includes(from.value)) {
    const form = `the name of an uploaded picture (${uploads.join(", ").slice(0, 200) || "there is none"})`;
    throw expected(`${path}.upload`, form, from.value, "INVALID_PIPELINE");
  }
}

function assertAcyclic(steps: readonly Step[]): void {
  const cycle = findCycle(edgesOf(steps));
  if (cycle === undefined) return;
  const named = cycle.map((index) => steps[index]?.id).join(" → ");
  const description = `Expected \`pipeline.steps\` to be without cycles, got ${named}`;
  throw new AppError("INVALID_PIPELINE", description, { fields: [{ field: "pipeline.steps", description }] });
}
