import { type Catalogue, defaultRequest, describeFeature, type Feature, newestFeatures } from "@pixelmesh/pipeline";
import { CreateJobHeader, type FeatureDescription, type ListFeaturesResponse } from "@pixelmesh/proto";
import type { CatalogueClient } from "../adapters/catalogue-client.ts";
import { expandHeader } from "./create-job/expand-header.ts";

/** Dependencies of `createListFeatures`. */
export type ListFeaturesParts = {
  readonly catalogue: Pick<CatalogueClient, "forPipeline" | "remoteModels">;
  readonly isRemoteAllowed: boolean;
};

/** ListFeatures: describes the newest version of every feature, with the steps that it has on this mesh as it is now. */
export function createListFeatures(parts: ListFeaturesParts) {
  return async (): Promise<ListFeaturesResponse> => ({
    features: await Promise.all(newestFeatures().map((feature) => describe(parts, feature))),
  });
}

/** Describes a feature. One whose services do not answer is not available. */
async function describe(parts: ListFeaturesParts, feature: Feature): Promise<FeatureDescription> {
  const { catalogue, isRemoteAllowed } = parts;
  const header = CreateJobHeader.create({ feature: defaultRequest(feature) });
  try {
    const { pipeline } = await expandHeader(parts, header);
    return describeFeature(feature, await catalogue.forPipeline(pipeline), isRemoteAllowed);
  } catch (error) {
    return describeFeature(feature, emptyCatalogue, isRemoteAllowed, error);
  }
}

const emptyCatalogue: Catalogue = { upscaleModels: [], matteModels: [], effects: [], remoteModels: [] };
