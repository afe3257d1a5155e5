import type { Lifecycle } from "@pixelmesh/lifecycle";
import { UpscaleServiceDefinition } from "@pixelmesh/proto";
import type { RpcServer } from "@pixelmesh/rpc";
import { announceReady, openBase, openRpc, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import {
  createModelHandlers,
  keepPinnedModels,
  openModels,
  openWorker,
  startStepWorker,
  toDeviceOwner,
} from "@pixelmesh/worker";
import type { UpscaleConfig } from "./config.ts";
import { createUpscaleImage } from "./rpc/upscale-image.ts";
import { createUpscaleHandler } from "./steps/upscale-step.ts";

/** Starts the upscale service. */
export async function startUpscale(
  config: UpscaleConfig,
  life: Lifecycle,
  log: Logger,
): Promise<{ base: ServiceBase; rpc: RpcServer }> {
  const base = await openBase("upscale", config, life, log);
  const models = await openModels(base, config, "upscale");
  const worker = await openWorker(base, config, toDeviceOwner(models, base.metrics));
  const handler = createUpscaleHandler(models, config);
  const rpc = await openRpc(base, {
    uploads: worker.transfers.uploads,
    serviceNames: [UpscaleServiceDefinition.fullName],
    register(server) {
      server.add(UpscaleServiceDefinition, {
        upscaleImage: createUpscaleImage(worker, handler),
        ...createModelHandlers(worker, models),
      });
    },
  });
  await startStepWorker(worker, "upscale", { upscale: handler });
  await announceReady(base, rpc);
  keepPinnedModels(worker, models);
  return { base, rpc };
}
