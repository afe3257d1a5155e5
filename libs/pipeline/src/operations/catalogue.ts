import type { EffectDescription, Model, RemoteModel } from "@pixelmesh/proto";

/** The models and effects of the mesh, as its services list them. A model of several replicas may occur several times. */
export type Catalogue = {
  readonly upscaleModels: readonly Model[];
  readonly matteModels: readonly Model[];
  readonly effects: readonly EffectDescription[];
  readonly remoteModels: readonly RemoteModel[];
  /** Of their prices: an ISO 4217 code. Default: empty. */
  readonly remoteCurrency?: string;
};
