import { toAppError } from "@pixelmesh/errors";
import { type FeatureDescription, FeatureRequest, type FeatureStep, RemoteModel, type Step } from "@pixelmesh/proto";
import type { Catalogue } from "../operations/catalogue.ts";
import { modelOf, operationOf, operations } from "../operations/operations.ts";
import { resolveStep } from "../operations/resolve-step.ts";
import { validatePipeline } from "../plan/validate-pipeline.ts";
import { expandFeature, type FeatureContext } from "./expand-feature.ts";
import type { Feature } from "./feature.ts";

/** Where the steps of a feature run, and whether they can. `catalogue` may lack what the feature does not name. */
export function describeFeature(
  feature: Feature,
  catalogue: Catalogue,
  isRemoteAllowed: boolean,
  failure?: unknown,
): FeatureDescription {
  const { name, version, title, description, parameters } = feature;
  const { remoteModels } = catalogue;
  const described = { name, version, title, description, parameters };
  try {
    if (failure !== undefined) throw failure;
    const { pipeline } = expandFeature(defaultRequest(feature), { remoteModels, isRemoteAllowed });
    validatePipeline(pipeline, ["source"], catalogue);
    const steps = pipeline.steps.map((step) => toFeatureStep(resolveStep(step, catalogue).step, remoteModels));
    return { ...described, steps, available: true, unavailableReason: "" };
  } catch (error) {
    const steps = plannedSteps(feature, { remoteModels, isRemoteAllowed });
    return { ...described, steps, available: false, unavailableReason: toAppError(error).message };
  }
}

/** A request for a feature with its defaults. */
export function defaultRequest({ name, version }: Pick<Feature, "name" | "version">): FeatureRequest {
  return FeatureRequest.create({ name, version });
}

/** The steps of a feature that cannot run as it is. A hosted model that is missing has no name. */
function plannedSteps(feature: Feature, context: FeatureContext): FeatureStep[] {
  const capability = feature.hosted?.capability;
  const missing = RemoteModel.create({ capabilities: [capability ?? ""], available: true });
  const models = context.remoteModels.some(({ capabilities }) => capabilities.includes(capability ?? ""))
    ? context.remoteModels
    : [...context.remoteModels, missing];
  const { pipeline } = expandFeature(defaultRequest(feature), { remoteModels: models, isRemoteAllowed: true });
  return pipeline.steps.map((step) => toFeatureStep(step, models));
}

function toFeatureStep(step: Step, remoteModels: readonly RemoteModel[]): FeatureStep {
  const operation = operationOf(step);
  const model = modelOf(operation);
  const { name } = operations[operation.$case];
  if (operation.$case !== "remoteModel") return { id: step.id, operation: name, runsOn: "local", model };
  const provider = remoteModels.find((each) => each.name === model)?.provider ?? "";
  return { id: step.id, operation: name, runsOn: provider || "a provider", model };
}
