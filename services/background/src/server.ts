import type { Lifecycle } from "@pixelmesh/lifecycle";
import { BackgroundServiceDefinition } from "@pixelmesh/proto";
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
import type { BackgroundConfig } from "./config.ts";
import { createRemoveBackground } from "./rpc/remove-background.ts";
import { createRemoveHandler } from "./steps/remove-step.ts";
import { createReplaceHandler } from "./steps/replace-step.ts";
import { createPictureWork } from "./threads/picture-work.ts";

/** Starts the background service. */
export async function startBackground(
  config: BackgroundConfig,
  life: Lifecycle,
  log: Logger,
): Promise<{ base: ServiceBase; rpc: RpcServer }> {
  const base = await openBase("background", config, life, log);
  const models = await openModels(base, config, "matte");
  const worker = await openWorker(base, config, toDeviceOwner(models, base.metrics));
  const work = createPictureWork({ threads: config.pictureThreads });
  base.life.defer("picture threads", work.close);
  const remove = createRemoveHandler(models, work, config);
  const replace = createReplaceHandler(work, config);
  const rpc = await openRpc(base, {
    uploads: worker.transfers.uploads,
    serviceNames: [BackgroundServiceDefinition.fullName],
    register(server) {
      server.add(BackgroundServiceDefinition, {
        removeBackground: createRemoveBackground(worker, remove, replace),
        ...createModelHandlers(worker, models),
      });
    },
  });
  await startStepWorker(worker, "background", { removeBackground: remove, replaceBackground: replace });
  await announceReady(base, rpc);
  keepPinnedModels(worker, models);
  return { base, rpc };
}
