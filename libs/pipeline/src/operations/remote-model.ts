import { AppError, expected } from "@pixelmesh/errors";
import type { RemoteModel, RemoteModelOperation, Value } from "@pixelmesh/proto";
import { unknownSize } from "../values/sizes.ts";
import { canonicalParameters } from "./effect-parameters.ts";
import { inCatalogue } from "./number-ranges.ts";
import { defineOperation } from "./operation.ts";

const maxParameters = 32;
const maxResult = 16;
const maxFurtherPictures = 4;

/** Sends pictures to a hosted model. */
export const remoteModel = defineOperation({
  case: "remoteModel",
  name: "remote_model",
  role: "remote",
  revision: 1,
  usesModel: false,
  catalogueList: "remoteModels",
  addsAlpha: false,
  enlarges: false,
  numbers: {
    parameters: inCatalogue,
    result: { least: 1, most: maxResult, isInteger: true, zero: "for the first" },
  },
  inputs: ({ parameters }) => [
    { name: "picture" },
    ...Array.from({ length: Math.min(maxFurtherPictures, lastInput(parameters)) }, (_, at) => ({
      name: `picture ${at + 2}`,
    })),
  ],
  validate({ model, parameters }, path) {
    if (model === "") throw expected(`${path}.model`, "the name of a hosted model", model);
    const count = Object.keys(parameters).length;
    if (count > maxParameters) throw expected(`${path}.parameters`, `at most ${maxParameters} parameters`, count);
    if (lastInput(parameters) > maxFurtherPictures)
      throw expected(
        `${path}.parameters`,
        `with at most ${maxFurtherPictures} further pictures`,
        lastInput(parameters),
      );
  },
  assertKnown(value, path, { remoteModels }) {
    toParameters(value, describedModel(remoteModels, value.model, path), path);
  },
  resolve(value, { catalogue, path }) {
    const described = describedModel(catalogue.remoteModels, value.model, path);
    return {
      value: {
        model: described.name,
        parameters: toParameters(value, described, path),
        result: value.result || 1,
      },
      modelDigest: described.digest,
      notices: [
        {
          kind: "left_mesh",
          text: `The picture is sent to ${described.provider}, outside of this mesh, for its model ${described.name}`,
        },
      ],
    };
  },
  keyParameters: ({ parameters, result }, modelDigest) => ({ modelDigest, parameters, result }),
  modelName: ({ model }) => model,
  resultSize: () => unknownSize,
  expectedCost: { curve: { startMs: 5_000, msPerMegapixel: 500 }, variant: ({ model }) => [model] },
});

function toParameters({ model, parameters }: RemoteModelOperation, described: RemoteModel, path: string) {
  return canonicalParameters({ name: model, parameters }, described, path);
}

/** The hosted model of this name. Throws PROVIDER_NOT_CONFIGURED in a mesh without hosted models, else UNKNOWN_MODEL with the known names. */
function describedModel(models: readonly RemoteModel[], name: string, path: string): RemoteModel {
  const found = models.find((model) => model.name === name);
  if (found !== undefined) return found;
  const shown = name.slice(0, 64);
  if (models.length === 0)
    throw new AppError(
      "PROVIDER_NOT_CONFIGURED",
      `\`${path}\` names the hosted model \`${shown}\`, and this mesh has none: set \`PIXELMESH_REMOTE_MANIFEST\` to a manifest that has it`,
    );
  const known = [...new Set(models.map((model) => model.name))].sort();
  throw new AppError("UNKNOWN_MODEL", `Unknown hosted model \`${shown}\`; known: ${known.join(", ")}`, {
    metadata: { known: known.join(",") },
  });
}

function lastInput(parameters: { readonly [name: string]: Value }): number {
  return Math.max(0, ...Object.values(parameters).map(({ kind }) => (kind?.$case === "input" ? kind.value : 0)));
}
