import {
  type GetClusterRequest,
  type ListEffectsResponse,
  type ListModelsRequest,
  type ListModelsResponse,
  SchedulerServiceDefinition,
} from "@pixelmesh/proto";
import type { SchedulerLink } from "@pixelmesh/worker";
import type { JobParts } from "./parts.ts";

/** What ingest answers for other services, so that a client needs one address. */
export function createProxies({ catalogue }: Pick<JobParts, "catalogue">, scheduler: SchedulerLink) {
  return {
    // Asked anew each time: another scheduler may lead by now.
    getCluster: (request: GetClusterRequest) =>
      scheduler.client(SchedulerServiceDefinition).getCluster(request, { timeoutMs: 5_000, repeat: true }),
    async listModels({ task }: ListModelsRequest): Promise<ListModelsResponse> {
      const models = await catalogue.models();
      return { models: task === "" ? models : models.filter((model) => model.task === task) };
    },
    listEffects: async (): Promise<ListEffectsResponse> => ({ effects: await catalogue.effects() }),
  };
}
