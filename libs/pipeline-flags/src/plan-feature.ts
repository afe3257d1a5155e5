import type { EffectText, FeatureText } from "@pixelmesh/flag-values";
import { expandFeature, findFeature, operationOf, operations } from "@pixelmesh/pipeline";
import { type FeatureDescription, FeatureRequest, type Input, type RemoteModel } from "@pixelmesh/proto";
import type { RoleName } from "@pixelmesh/roles";
import type { StepFlags } from "./operation-flags.ts";
import { toEncoding } from "./pipeline.ts";
import { mainOutput, type PipelineFlags } from "./pipeline-options.ts";
import { type EffectFile, type FileRules, pictureFiles } from "./plan-effects.ts";
import { toTypedSettings } from "./to-effect.ts";

/** A request for a feature, and the files that it takes with the names under which they are uploaded: those of their parameters. */
export type FeaturePlan = { readonly feature: FeatureRequest; readonly files: readonly EffectFile[] };

/** Converts a feature as it was typed, with the types that the mesh describes. Throws UsageError for a setting that is no usable file where one is expected. */
export function planFeature(
  { name, version, settings }: FeatureText,
  flags: PipelineFlags,
  features: readonly Pick<FeatureDescription, "name" | "parameters">[],
  rules: Pick<FileRules, "refusalOf">,
): FeaturePlan {
  const described = features.find((feature) => feature.name === name)?.parameters ?? [];
  const files = pictureFiles(settings, described, `--feature ${name}`, rules);
  return {
    feature: FeatureRequest.create({
      name,
      version,
      parameters: toTypedSettings(settings, described, () => 1),
      outputs: [{ name: mainOutput, step: "", encoding: toEncoding(flags) }],
    }),
    files: files.map(({ key, file }) => ({ name: key, file })),
  };
}

/** A step by a hosted model, and the files that it takes. */
export type RemoteModelPlan = {
  readonly remoteStep: NonNullable<StepFlags["remoteStep"]>;
  readonly files: readonly EffectFile[];
};

/** Converts a hosted model as it was typed, with the types of the manifest. Throws UsageError as `planFeature` does. */
export function planRemoteModel(
  { name, settings }: EffectText,
  models: readonly Pick<RemoteModel, "name" | "parameters">[],
  rules: FileRules,
): RemoteModelPlan {
  const described = models.find((model) => model.name === name)?.parameters ?? [];
  const typed = pictureFiles(settings, described, `--remote-model ${name}`, rules).map(({ file }) => file);
  const own = [...new Set(typed)];
  const files = own.map((file, index) => ({ name: rules.nameOf(file, index), file }));
  const parameters = toTypedSettings(settings, described, (file) => own.indexOf(file) + 1);
  const inputs = files.map((file): Input => ({ from: { $case: "upload", value: file.name } }));
  return { remoteStep: { operation: { model: name, parameters, result: 1 }, inputs }, files };
}

/** The roles that a feature may need, as far as this release knows it. */
export function featureRoles({ name, version }: FeatureText): RoleName[] {
  try {
    const { local, hosted } = findFeature({ name, version });
    const request = FeatureRequest.create({ name, version });
    const steps = local ? expandFeature(request, { remoteModels: [], isRemoteAllowed: true }).pipeline.steps : [];
    const roles: RoleName[] = steps.map((step) => operations[operationOf(step).$case].role);
    return hosted ? [...roles, operations.remoteModel.role] : roles;
  } catch {
    // The mesh refuses it, and names the known ones.
    return [];
  }
}
