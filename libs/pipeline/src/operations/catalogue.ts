import type { EffectDescription, Model } from "@pixelmesh/proto";

/** What the mesh can do just now, as its services list it. A model listed by several replicas may occur several times. */
export type Catalogue = {
  readonly upscaleModels: readonly Model[];
  readonly matteModels: readonly Model[];
  readonly effects: readonly EffectDescription[];
};
