import type { EffectDescription, Model } from "@pixelmesh/proto";

/** The models and effects of the mesh, as its services list them. A model of several replicas may occur several times. */
export type Catalogue = {
  readonly upscaleModels: readonly Model[];
  readonly matteModels: readonly Model[];
  readonly effects: readonly EffectDescription[];
};
