import { AppError, expected, type Reason } from "@pixelmesh/errors";
import type {
  FeatureRequest,
  Notice,
  ParameterDescription,
  Pipeline,
  RemoteModel,
  Step,
  Value,
} from "@pixelmesh/proto";
import { canonicalParameters } from "../operations/effect-parameters.ts";
import { assertRemoteAllowed } from "../remote/remote-allowed.ts";
import type { CheckedValues, Feature, HostedStep } from "./feature.ts";
import { features } from "./features.ts";

/** What decides how a feature is done. */
export type FeatureContext = {
  readonly remoteModels: readonly RemoteModel[];
  /** Whether pictures may leave the mesh. */
  readonly isRemoteAllowed: boolean;
};

/** The pipeline that a request for a feature stands for. */
export type ExpandedFeature = {
  /** `name@version` */
  readonly label: string;
  readonly pipeline: Pipeline;
  readonly notices: readonly Notice[];
};

/** The capability and the hosted model of a way, or why there is none. */
type Hosted = { readonly model: RemoteModel } | { readonly refusal: AppError };

/** The newest version of every feature, by name. */
export function newestFeatures(): readonly Feature[] {
  const byName = Map.groupBy(features, ({ name }) => name);
  const newest = [...byName.values()].map(
    (versions) => versions.toSorted((a, b) => b.version - a.version)[0] as Feature,
  );
  return newest.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns a feature; version 0 is the newest. Throws UNKNOWN_FEATURE with the known ones in metadata `known`. */
export function findFeature({ name, version }: Pick<FeatureRequest, "name" | "version">): Feature {
  const found = version === 0 ? newestFeatures().find((each) => each.name === name) : exactFeature(name, version);
  if (found) return found;
  const versions = features.filter((each) => each.name === name).map((each) => `${each.name}@${each.version}`);
  const known = versions.length > 0 ? versions : newestFeatures().map((each) => each.name);
  const shown = version === 0 ? name.slice(0, 64) : `${name.slice(0, 64)}@${version}`;
  throw new AppError("UNKNOWN_FEATURE", `Unknown feature \`${shown}\`; known: ${known.join(", ")}`, {
    metadata: { known: known.join(",") },
  });
}

const exactFeature = (name: string, version: number) =>
  features.find((each) => each.name === name && each.version === version);

/** Whether a request may need the list of hosted models. Throws UNKNOWN_FEATURE. */
export function mayUseHosted(request: FeatureRequest): boolean {
  const feature = findFeature(request);
  return feature.hosted !== undefined && (feature.local === undefined || prefersHosted(request.parameters));
}

/**
 * Returns the pipeline of a feature. A feature with a local way uses it unless the caller prefers a hosted model; it also uses it, with a notice, where
 * there is no such model or pictures may not leave the mesh. Throws UNKNOWN_FEATURE, INVALID_ARGUMENT with the field, UNKNOWN_MODEL,
 * PROVIDER_NOT_CONFIGURED and REMOTE_NOT_ALLOWED.
 */
export function expandFeature(request: FeatureRequest, context: FeatureContext): ExpandedFeature {
  const feature = findFeature(request);
  const values = canonicalParameters({ name: feature.name, parameters: request.parameters }, feature, "feature");
  assertInputs(values);
  assertModelUsed(feature, values);
  const { steps, notices } = chooseWay(feature, values, request.parameters, context);
  return {
    label: `${feature.name}@${feature.version}`,
    pipeline: { steps, outputs: toOutputs(request, steps) },
    notices,
  };
}

function chooseWay(feature: Feature, values: CheckedValues, given: CheckedValues, context: FeatureContext) {
  const { local, hosted } = feature;
  const noNotices: Notice[] = [];
  if (hosted === undefined || (local !== undefined && !prefersHosted(values)))
    return { steps: local?.(values) ?? [], notices: noNotices };
  const found = findHosted(feature, hosted.capability, values, context);
  if ("model" in found)
    return { steps: hosted.steps(values, toHostedStep(feature, found.model, values, given)), notices: noNotices };
  if (local === undefined || !fallsBack.has(found.refusal.reason)) throw found.refusal;
  return { steps: local(values), notices: [localNotice(feature, found.refusal)] };
}

const fallsBack: ReadonlySet<Reason> = new Set<Reason>(["PROVIDER_NOT_CONFIGURED", "REMOTE_NOT_ALLOWED"]);

function localNotice({ name }: Feature, { message }: AppError): Notice {
  return { stepId: "", kind: "local_way", text: `Feature ${name} is done by this mesh alone: ${message}` };
}

function prefersHosted({ prefer }: CheckedValues): boolean {
  return prefer?.kind?.value === "hosted";
}

/** A model that is named in vain would hide that the picture did not go where the caller expected. */
function assertModelUsed({ local, hosted }: Feature, values: CheckedValues): void {
  const named = modelNameOf(values);
  if (named !== "" && local !== undefined && hosted !== undefined && !prefersHosted(values))
    throw expected(
      "feature.parameters.model",
      "left out without `prefer` set to `hosted`, because this mesh does the feature itself then",
      named,
    );
}

function modelNameOf({ model }: CheckedValues): string {
  return model?.kind?.$case === "text" ? model.kind.value : "";
}

/** The hosted model for a capability: the named one, else the first that is available, else the first. */
function findHosted(
  { name: feature }: Feature,
  capability: string,
  values: CheckedValues,
  { remoteModels, isRemoteAllowed }: FeatureContext,
): Hosted {
  try {
    assertRemoteAllowed(isRemoteAllowed, `Feature \`${feature}\``);
  } catch (error) {
    return { refusal: error as AppError };
  }
  const able = remoteModels.filter(({ capabilities }) => capabilities.includes(capability));
  const first = able[0];
  if (first === undefined) return { refusal: notConfigured(feature, capability) };
  const named = modelNameOf(values);
  if (named === "") return { model: able.find(({ available }) => available) ?? first };
  const found = able.find(({ name }) => name === named);
  if (found) return { model: found };
  const known = able.map(({ name }) => name);
  const text = `Expected \`feature.parameters.model\` to be a hosted model with the capability \`${capability}\`, got \`${named}\`; known: ${known.join(", ")}`;
  return { refusal: new AppError("UNKNOWN_MODEL", text, { metadata: { known: known.join(",") } }) };
}

function notConfigured(feature: string, capability: string): AppError {
  return new AppError(
    "PROVIDER_NOT_CONFIGURED",
    `Feature \`${feature}\` needs a hosted model with the capability \`${capability}\`, and this mesh has none: add one to the manifest of hosted models (\`PIXELMESH_REMOTE_MANIFEST\`), with \`"capabilities": ["${capability}"]\``,
    { metadata: { capability } },
  );
}

function toHostedStep(feature: Feature, model: RemoteModel, values: CheckedValues, given: CheckedValues): HostedStep {
  const pairs = (feature.hosted?.passes ?? []).flatMap((name) => {
    const parameter = model.parameters.find((each) => each.name === name);
    const isGiven = Object.hasOwn(given, name);
    if (parameter === undefined && isGiven)
      throw expected(
        `feature.parameters.${name}`,
        `left out, because the hosted model \`${model.name}\` has no such parameter`,
        given[name]?.kind?.value,
      );
    return parameter ? passedValue(parameter, values[name], isGiven) : [];
  });
  const parameters = Object.fromEntries(pairs);
  return (id, ...inputs) => ({
    id,
    inputs,
    operation: { $case: "remoteModel", value: { model: model.name, parameters, result: 1 } },
  });
}

/**
 * The value that a hosted model gets for one of its parameters. A default of the feature that the model does not take is left out where the model has a default of
 * its own. Throws INVALID_ARGUMENT with the feature's field for any other value that the model does not take.
 */
function passedValue(
  parameter: ParameterDescription,
  value: Value | undefined,
  isGiven: boolean,
): readonly (readonly [string, Value])[] {
  const { name, defaultValue } = parameter;
  try {
    const parameters = { [name]: value ?? { kind: undefined } };
    return Object.entries(canonicalParameters({ name, parameters }, { parameters: [parameter] }, "feature"));
  } catch (error) {
    if (isGiven || defaultValue === undefined) throw error;
    return [];
  }
}

/** A feature takes each of its pictures from the upload of the parameter's name, so there is one for each parameter. */
function assertInputs(values: CheckedValues): void {
  for (const [name, { kind }] of Object.entries(values))
    if (kind?.$case === "input" && kind.value > 1)
      throw expected(`feature.parameters.${name}`, `1 for the upload \`${name}\`, or 0 for none`, kind.value);
}

function toOutputs({ outputs }: FeatureRequest, steps: readonly Step[]): Pipeline["outputs"] {
  const last = steps.at(-1)?.id ?? "";
  const wanted = outputs.length > 0 ? outputs : [{ name: "result", step: "", encoding: undefined }];
  return wanted.map((output, index) => {
    if (output.step !== "")
      throw expected(`feature.outputs[${index}].step`, "empty, because a feature has one result", output.step);
    return { ...output, step: last };
  });
}
