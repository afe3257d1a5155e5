import {
  type GetClusterRequest,
  type ListEffectsResponse,
  type ListModelsRequest,
  type ListModelsResponse,
  type ListRemoteModelsResponse,
  SchedulerServiceDefinition,
} from "@pixelmesh/proto";
import type { SchedulerLink } from "@pixelmesh/worker";
import type { CatalogueClient } from "../adapters/catalogue-client.ts";

/** Handlers that answer for other services, so that a client needs one address. */
export function createProxies(
  catalogue: Pick<CatalogueClient, "models" | "effects" | "remoteModels">,
  scheduler: SchedulerLink,
) {
  return {
    // The client is created for each call, because another scheduler may have become the leader.
    getCluster: (request: GetClusterRequest) =>
      scheduler.client(SchedulerServiceDefinition).getCluster(request, { timeoutMs: 5_000, repeat: true }),
    listModels: async ({ task }: ListModelsRequest): Promise<ListModelsResponse> => ({
      models: await catalogue.models(task),
    }),
    listRemoteModels: (): Promise<ListRemoteModelsResponse> => catalogue.remoteModels(),
    listEffects: async (): Promise<ListEffectsResponse> => ({ effects: await catalogue.effects() }),
  };
}
