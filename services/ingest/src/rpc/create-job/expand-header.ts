import { AppError } from "@pixelmesh/errors";
import { assertPipelineAllowed, type ExpandedFeature, expandFeature, mayUseHosted } from "@pixelmesh/pipeline";
import type { CreateJobHeader, FeatureRequest, Pipeline } from "@pixelmesh/proto";
import type { CatalogueClient } from "../../adapters/catalogue-client.ts";

/** Dependencies of `expandHeader`. */
export type ExpandParts = {
  readonly catalogue: Pick<CatalogueClient, "remoteModels">;
  /** Whether pictures may leave the mesh. */
  readonly isRemoteAllowed: boolean;
};

/** The pipeline that a header asks for, and the feature that it is made from. */
export type AskedPipeline = { readonly pipeline: Pipeline; readonly feature: ExpandedFeature | undefined };

/**
 * Returns the pipeline of a header: its own, or that of its feature. Throws UNKNOWN_FEATURE, INVALID_ARGUMENT, UNKNOWN_MODEL, PROVIDER_NOT_CONFIGURED,
 * REMOTE_NOT_ALLOWED, and SERVICE_UNAVAILABLE if the hosted models are not known.
 */
export async function expandHeader(parts: ExpandParts, header: CreateJobHeader): Promise<AskedPipeline> {
  const feature = header.feature && (await expand(parts, header.feature));
  const pipeline = feature?.pipeline ?? header.pipeline ?? { steps: [], outputs: [] };
  assertPipelineAllowed(pipeline, parts.isRemoteAllowed);
  return { pipeline, feature };
}

/** Checks the feature and the steps by hosted models of a header, before anything is received for it. Throws as `expandHeader` does. */
export async function assertAllowed(parts: ExpandParts, header: CreateJobHeader): Promise<void> {
  const { pipeline } = await expandHeader(parts, header);
  const asked = pipeline.steps.find(({ operation }) => operation?.$case === "remoteModel");
  if (!asked || (await parts.catalogue.remoteModels()).models.length > 0) return;
  throw new AppError(
    "PROVIDER_NOT_CONFIGURED",
    `Step \`${asked.id.slice(0, 64)}\` names a hosted model, and this mesh has none: set \`PIXELMESH_REMOTE_MANIFEST\` to a manifest that has it`,
  );
}

async function expand({ catalogue, isRemoteAllowed }: ExpandParts, request: FeatureRequest): Promise<ExpandedFeature> {
  const needsModels = isRemoteAllowed && mayUseHosted(request);
  const { models } = needsModels ? await catalogue.remoteModels() : { models: [] };
  return expandFeature(request, { remoteModels: models, isRemoteAllowed });
}
