import {
  BackgroundServiceDefinition,
  DeadLetterServiceDefinition,
  EffectsServiceDefinition,
  IngestServiceDefinition,
  JobServiceDefinition,
  UpscaleServiceDefinition,
} from "@pixelmesh/proto";
import type { RpcClient, RpcConnection } from "@pixelmesh/rpc";

/** Clients of the services that ingest serves. */
export type IngestClients = {
  readonly jobs: RpcClient<JobServiceDefinition>;
  readonly deadLetters: RpcClient<DeadLetterServiceDefinition>;
  readonly effects: RpcClient<EffectsServiceDefinition>;
  readonly pictures: RpcClient<IngestServiceDefinition>;
  readonly upscale: RpcClient<UpscaleServiceDefinition>;
  readonly background: RpcClient<BackgroundServiceDefinition>;
};

/** Creates the clients over one connection to ingest. */
export function createIngestClients(connection: RpcConnection): IngestClients {
  return {
    jobs: connection.client(JobServiceDefinition),
    deadLetters: connection.client(DeadLetterServiceDefinition),
    effects: connection.client(EffectsServiceDefinition),
    pictures: connection.client(IngestServiceDefinition),
    upscale: connection.client(UpscaleServiceDefinition),
    background: connection.client(BackgroundServiceDefinition),
  };
}
