import type { Lifecycle } from "@pixelmesh/lifecycle";
import { EffectsServiceDefinition } from "@pixelmesh/proto";
import type { RpcServer } from "@pixelmesh/rpc";
import { announceReady, type OpenOptions, openBase, openRpc, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import { openWorker, startStepWorker } from "@pixelmesh/worker";
import type { EffectsConfig } from "./config.ts";
import { createPreviews } from "./previews/previews.ts";
import { createApplyEffects } from "./rpc/apply-effects.ts";
import { listEffects } from "./rpc/list-effects.ts";
import { createPreviewEffects } from "./rpc/preview-effects.ts";
import { createPreviewPicture } from "./rpc/preview-picture.ts";
import { createEffectsHandler } from "./steps/effects-step.ts";
import { type BeforeRun, withBeforeRun } from "./steps/with-before-run.ts";
import { createChainThreads } from "./threads/chain-threads.ts";

/** Options that only tests use. */
export type EffectsOptions = OpenOptions & { readonly beforeRun?: BeforeRun };

/** Starts the effects service. */
export async function startEffects(
  config: EffectsConfig,
  life: Lifecycle,
  log: Logger,
  options: EffectsOptions = {},
): Promise<{ base: ServiceBase; rpc: RpcServer }> {
  const base = await openBase("effects", config, life, log, options);
  const worker = await openWorker(base, config);
  const threads = createChainThreads(config.chainThreads);
  base.life.defer("chain threads", threads.close);
  const handler = withBeforeRun(createEffectsHandler(threads, config), options.beforeRun);
  const previews = createPreviews(worker, config);
  const rpc = await openRpc(base, {
    uploads: worker.transfers.uploads,
    serviceNames: [EffectsServiceDefinition.fullName],
    register(server) {
      server.add(EffectsServiceDefinition, {
        applyEffects: createApplyEffects(worker, handler),
        previewEffects: createPreviewEffects(worker, previews),
        previewPicture: createPreviewPicture(worker, previews),
        listEffects,
      });
    },
  });
  await startStepWorker(worker, "effects", { applyEffects: handler });
  await announceReady(base, rpc);
  return { base, rpc };
}
