import { AppError, type Pixelmesh } from "@pixelmesh/client";
import { BackgroundServiceDefinition, UpscaleServiceDefinition } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc";
import type { Access } from "./access.ts";
import { connectProcess } from "./connect-process.ts";

/** What a service that runs models offers for them. */
export type ModelRpc = Pick<RpcClient<UpscaleServiceDefinition>, "listModels" | "loadModel" | "unloadModel">;

/**
 * Calls every replica that knows the model, one after the other, at its own address, and answers what each said. Throws
 * UNKNOWN_MODEL where none knows it, SERVICE_UNAVAILABLE where none is there.
 */
export async function onEveryReplica<T>(
  client: Pixelmesh,
  name: string,
  access: Access,
  call: (rpc: ModelRpc, replica: string) => Promise<T>,
): Promise<T[]> {
  const { services } = await client.cluster();
  const replicas = services.filter(({ service }) => service === "upscale" || service === "background");
  if (replicas.length === 0) throw new AppError("SERVICE_UNAVAILABLE", "No service that runs models is there");
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
