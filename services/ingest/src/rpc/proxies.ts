import {
  type GetClusterRequest,
  type ListEffectsResponse,
  type ListModelsRequest,
  type ListModelsResponse,
  SchedulerServiceDefinition,
} from "@pixelmesh/proto";
import type { RpcConnection } from "@pixelmesh/rpc";
import type { JobParts } from "./parts.ts";

/** What ingest answers for other services, so that a client needs one address. */
export function createProxies({ catalogue }: JobParts, scheduler: RpcConnection) {
  const cluster = scheduler.client(SchedulerServiceDefinition);
  return {
    getCluster: (request: GetClusterRequest) => cluster.getCluster(request, { timeoutMs: 5_000, repeat: true }),
    async listModels({ task }: ListModelsRequest): Promise<ListModelsResponse> {
      const models = await catalogue.models();
      return { models: task === "" ? models : models.filter((model) => model.task === task) };
    },
    listEffects: async (): Promise<ListEffectsResponse> => ({ effects: await catalogue.effects() }),
  };
}
