import type { Step } from "@pixelmesh/proto";
import { canonicalDigest } from "../values/canonical-json.ts";
import { canonicalColor } from "../values/color.ts";
import { type Size, unknownSize } from "../values/sizes.ts";
import type { Catalogue } from "./catalogue.ts";
import { chooseDenoisePair, chooseMatteModel, chooseUpscaleModel } from "./choose-model.ts";
import { canonicalParameters, describedEffect } from "./effect-parameters.ts";
import { type Operation, operationOf, operations } from "./operations.ts";
import { assertEnlarges, upscaleFactor } from "./upscale-size.ts";

/** A step with every default filled in, and what its result depends on beside its own fields. */
export type ResolvedStep = {
  readonly step: Step;
  /** sha256 of the model's file; empty where no model is used. */
  readonly modelDigest: string;
  readonly operationRevision: number;
};

/**
 * Fills in a valid step's models and effect parameters, in canonical form. `input` is the size of its picture, which an
 * upscale to a target size needs to choose a model: without it that is left open. Throws as validatePipeline does.
 */
export function resolveStep(step: Step, catalogue: Catalogue, input?: Size): ResolvedStep {
  const operation = operationOf(step);
  const [resolved, modelDigest] = resolveOperation(operation, step.id, catalogue, input);
  return {
    step: { id: step.id, inputs: step.inputs, operation: resolved },
    modelDigest,
    operationRevision: revisionOf(resolved, step.id, catalogue),
  };
}

function resolveOperation(
  operation: Operation,
  path: string,
  catalogue: Catalogue,
  input: Size | undefined,
): [Operation, string] {
  switch (operation.$case) {
    case "upscale": {
      const { value } = operation;
      if (value.target && value.model === "" && input === undefined) return [operation, ""];
      if (input) assertEnlarges(value, input, `${path}.upscale`);
      const factor = upscaleFactor(value, input ?? unknownSize);
      const { name, scale, digest } = chooseUpscaleModel(value, factor, catalogue);
      const { target, denoise, finishing } = value;
      const isFinished = finishing !== undefined && (finishing.sharpen > 0 || finishing.contrast > 0);
      const resolved = {
        scale: target ? 0 : value.scale || scale,
        model: name,
        ...(target ? { target } : {}),
        ...(denoise === undefined ? {} : { denoise }),
        ...(isFinished ? { finishing } : {}),
      };
      return [{ $case: "upscale", value: resolved }, digest];
    }
    case "removeBackground": {
      const { name, digest } = chooseMatteModel(operation.value, catalogue);
      return [{ $case: "removeBackground", value: { model: name } }, digest];
    }
    case "replaceBackground": {
      const background = operation.value.background;
      if (background?.$case !== "color") return [operation, ""];
      const value = canonicalColor(background.value, false) ?? background.value;
      return [{ $case: "replaceBackground", value: { background: { $case: "color", value } } }, ""];
    }
    case "applyEffects": {
      const effects = operation.value.effects.map((effect) => ({
        name: effect.name,
        parameters: canonicalParameters(
          effect,
          describedEffect(catalogue.effects, effect.name),
          `${path}.apply_effects`,
        ),
      }));
      return [{ $case: "applyEffects", value: { effects } }, ""];
    }
    default:
      return [operation, ""];
  }
}

// What a step's pixels depend on besides its operation's own revision: the revisions of a chain's effects, the second
// model of a denoise strength.
function revisionOf(operation: Operation, path: string, catalogue: Catalogue): number {
  const { revision } = operations[operation.$case];
  if (operation.$case === "applyEffects") {
    const { effects } = operation.value;
    return mixRevision(
      revision,
      effects.map(({ name }) => [name, describedEffect(catalogue.effects, name).revision]),
    );
  }
  if (operation.$case !== "upscale" || operation.value.denoise === undefined || operation.value.model === "")
    return revision;
  const model = chooseUpscaleModel(operation.value, undefined, catalogue);
  const pair = chooseDenoisePair(operation.value, model, catalogue, `${path}.upscale`);
  return mixRevision(revision, pair?.digest);
}

// 31 bits of a digest fit the field.
function mixRevision(revision: number, parts: unknown): number {
  return Number.parseInt(canonicalDigest([revision, parts]).slice(0, 8), 16) >>> 1;
}
