import { AppError, type Pixelmesh } from "@pixelmesh/client";
import { type Access, connectProcess } from "@pixelmesh/client/processes";
import { BackgroundServiceDefinition, UpscaleServiceDefinition } from "@pixelmesh/proto";
import { modelRoles } from "@pixelmesh/roles";
import type { RpcClient } from "@pixelmesh/rpc/client";

/** Calls about models that a service of a model role serves. */
export type ModelRpc = Pick<RpcClient<UpscaleServiceDefinition>, "listModels" | "loadModel" | "unloadModel">;

/**
 * Calls every replica that knows the model, one after the other, at its own address, and resolves with their responses. Throws
 * UNKNOWN_MODEL where no replica knows it, SERVICE_UNAVAILABLE where no replica runs.
 */
export async function onEveryReplica<T>(
  client: Pixelmesh,
  name: string,
  access: Access,
  call: (rpc: ModelRpc, replica: string) => Promise<T>,
): Promise<T[]> {
  const { services } = await client.cluster();
  const replicas = services.filter(({ service }) => modelRoles.some((role) => role === service));
  if (replicas.length === 0) throw new AppError("SERVICE_UNAVAILABLE", "No service that runs models is available");
  const known = new Set<string>();
  const answers: T[] = [];
  for (const { service, instance, grpcAddress } of replicas) {
    const connection = connectProcess(grpcAddress, access);
    try {
      const rpc: ModelRpc =
        service === "background"
          ? connection.client(BackgroundServiceDefinition)
          : connection.client(UpscaleServiceDefinition);
      const { models } = await rpc.listModels({ task: "" });
      for (const model of models) known.add(model.name);
      if (models.some((model) => model.name === name)) answers.push(await call(rpc, `${service}-${instance}`));
    } finally {
      connection.close();
    }
  }
  if (answers.length > 0) return answers;
  const text = `Expected a model of this mesh, got \`${name}\`; known are: ${[...known].join(", ")}`;
  throw new AppError("UNKNOWN_MODEL", text);
}
