import type { Step } from "@pixelmesh/proto";
import { canonicalDigest } from "./canonical.ts";
import type { Catalogue } from "./catalogue.ts";
import { canonicalColor } from "./color.ts";
import { canonicalParameters, describedEffect } from "./effect-parameters.ts";
import { chooseMatteModel, chooseUpscaleModel } from "./models.ts";
import { type Operation, operationOf, operations } from "./operations.ts";

/** A step with every default filled in, and what its result depends on beside its own fields. */
export type ResolvedStep = {
  readonly step: Step;
  /** sha256 of the model's file; empty where no model is used. */
  readonly modelDigest: string;
  readonly operationRevision: number;
};

/** Fills in a valid step's models and effect parameters, in canonical form. Throws as validatePipeline does. */
export function resolveStep(step: Step, catalogue: Catalogue): ResolvedStep {
  const operation = operationOf(step);
  const [resolved, modelDigest] = resolveOperation(operation, step.id, catalogue);
  return {
    step: { id: step.id, inputs: step.inputs, operation: resolved },
    modelDigest,
    operationRevision: revisionOf(operation, catalogue),
  };
}

function resolveOperation(operation: Operation, path: string, catalogue: Catalogue): [Operation, string] {
  switch (operation.$case) {
    case "upscale": {
      const { name, scale, digest } = chooseUpscaleModel(operation.value, catalogue, `${path}.upscale`);
      return [{ $case: "upscale", value: { scale, model: name } }, digest];
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

// A chain's pixels depend on the chain's own revision and on those of its effects; 31 bits of their digest fit the field.
function revisionOf(operation: Operation, catalogue: Catalogue): number {
  const { revision } = operations[operation.$case];
  if (operation.$case !== "applyEffects") return revision;
  const parts = operation.value.effects.map(({ name }) => [name, describedEffect(catalogue.effects, name).revision]);
  return Number.parseInt(canonicalDigest([revision, parts]).slice(0, 8), 16) >>> 1;
}
