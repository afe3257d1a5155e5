import type { Step } from "@pixelmesh/proto";
import { defaultRequest, expandFeature, type Feature, newestFeatures } from "../../libs/pipeline/src/index.ts";
import { toCode, toPage, toTable } from "./markdown.ts";
import { toForm } from "./parameter-form.ts";

const noModels = { remoteModels: [], isRemoteAllowed: true };

/** Returns the page of all features. */
export function featuresPage(): string {
  return toPage("Features", "libs/pipeline/src/features", [
    "A feature is a named pipeline of the mesh: `pixelmesh run photo.jpg --feature comic:dots=8`. [Use features](../how-to/use-features.md) shows them in every client.",
    "Steps that this mesh runs itself are *local*: nothing leaves the mesh. A step by a *hosted model* sends the picture to a provider, which needs an entry of the manifest with the capability that the feature names; see [Hosted models](hosted-models.md).",
    toTable(
      ["feature", "version", "runs on", "capability of a hosted model"],
      newestFeatures().map((feature) => [
        `[${toCode(feature.name)}](#${feature.name})`,
        String(feature.version),
        toPlaces(feature),
        toCode(feature.hosted?.capability ?? ""),
      ]),
    ),
    ...newestFeatures().map(toSection),
  ]);
}

function toPlaces({ local, hosted }: Feature): string {
  if (!hosted) return "local";
  return local ? "local, or a hosted model with `prefer=hosted`" : "a hosted model";
}

function toSection(feature: Feature): string {
  const { name, title, version, description, parameters, hosted } = feature;
  const rows = parameters.map((it) => [
    toCode(it.name),
    toForm(it),
    toCode(`${it.defaultValue?.kind?.value ?? ""}`),
    it.description,
  ]);
  const passed = (hosted?.passes ?? []).map(toCode).join(", ");
  return [
    `## ${name}`,
    `**${title}**, version ${version}. ${description}`,
    toSteps(feature),
    ...(passed === "" ? [] : [`The hosted model gets ${passed}, where it has parameters of these names.`]),
    toTable(["parameter", "form", "default", "meaning"], rows),
  ].join("\n\n");
}

/** Returns the steps with the feature's defaults. */
function toSteps(feature: Feature): string {
  const { local, hosted } = feature;
  if (!local) return `Steps: one call of a hosted model with the capability ${toCode(hosted?.capability ?? "")}.`;
  const { steps } = expandFeature(defaultRequest(feature), noModels).pipeline;
  return `Steps, all local: ${steps.map(toStep).join("; ")}.`;
}

function toStep({ id, operation }: Step): string {
  if (operation?.$case !== "applyEffects") return toCode(id);
  return `${toCode(id)} (effects ${operation.value.effects.map(({ name }) => toCode(name)).join(", ")})`;
}
