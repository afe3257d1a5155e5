import {
  type EffectDescription,
  type EstimateCostResponse,
  type FeatureDescription,
  type RemoteModel,
  WorkClass,
} from "@pixelmesh/proto";
import { toParameterJson } from "./effect-json.ts";
import { toEnumWord } from "./enum-word.ts";

/** Converts a feature to JSON, with words for enums and plain values for settings. */
export function toFeatureJson({ parameters, ...feature }: FeatureDescription) {
  return { ...feature, parameters: toParameters(parameters) };
}

/** Converts a hosted model to JSON, with words for enums and plain values for settings. */
export function toRemoteModelJson({ parameters, workClass, ...model }: RemoteModel) {
  return { ...model, workClass: toEnumWord(WorkClass, workClass), parameters: toParameters(parameters) };
}

/** Converts an estimate to JSON. What is left of the budget is null without a budget. */
export function toEstimateJson({ budgetLeftMicros, ...estimate }: EstimateCostResponse) {
  return { ...estimate, budgetLeftMicros: budgetLeftMicros < 0 ? null : budgetLeftMicros };
}

const toParameters = (parameters: EffectDescription["parameters"]) => parameters.map(toParameterJson);
