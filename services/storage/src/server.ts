import type { Lifecycle } from "@pixelmesh/lifecycle";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import type { RpcServer } from "@pixelmesh/rpc";
import { announceReady, openBase, openRpc, openTransfers, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import { startSweeping } from "./adapters/sweep-loop.ts";
import type { StorageConfig } from "./config.ts";
import { openStore } from "./open-store.ts";
import { createCheckStoreRpc } from "./rpc/check-store.ts";
import { createDeleteBlob } from "./rpc/delete-blob.ts";
import { createGetBlob } from "./rpc/get-blob.ts";
import { createGetSmallBlob } from "./rpc/get-small-blob.ts";
import { createGetStats } from "./rpc/get-stats.ts";
import { answerPromotions, createPromoteBlobs, createPromoteBlobsRpc } from "./rpc/promote-blobs.ts";
import { createPutBlob } from "./rpc/put-blob.ts";
import { createPutSmallBlob } from "./rpc/put-small-blob.ts";
import { createReleaseBlobs } from "./rpc/release-blobs.ts";
import { createReserveSpace } from "./rpc/reserve-space.ts";
import { createStatBlob } from "./rpc/stat-blob.ts";

const minuteMs = 60_000;

/** Starts the storage service. */
export async function startStorage(
  config: StorageConfig,
  life: Lifecycle,
  log: Logger,
): Promise<{ base: ServiceBase; rpc: RpcServer }> {
  const base = await openBase("storage", config, life, log);
  const lifetime = {
    minMs: config.minLifeMs,
    maxMs: config.maxLifeMs,
    slackMs: 10 * minuteMs,
    graceMs: minuteMs,
    outputHoldMs: config.outputHoldMs,
    inputRestMs: config.inputRestMs,
    frameRestMs: config.frameRestMs,
  };
  const { store, check } = await openStore(config, lifetime, base);
  life.defer("sweeper", startSweeping(store, config.sweepEveryMs, base));
  const { uploads, downloads } = openTransfers(config);
  const puts = { lifetime, uploads, metrics: base.metrics };
  const promote = createPromoteBlobs(store, config.instance);
  const rpc = await openRpc(base, {
    uploads,
    limitedReadAhead: [`/${StorageServiceDefinition.fullName}/PutBlob`],
    serviceNames: [StorageServiceDefinition.fullName],
    register(server) {
      server.add(StorageServiceDefinition, {
        putBlob: createPutBlob(store, puts),
        putSmallBlob: createPutSmallBlob(store, puts),
        getBlob: createGetBlob(store, downloads),
        getSmallBlob: createGetSmallBlob(store, downloads),
        statBlob: createStatBlob(store, lifetime),
        deleteBlob: createDeleteBlob(store),
        promoteBlobs: createPromoteBlobsRpc(promote),
        reserveSpace: createReserveSpace(store),
        releaseBlobs: createReleaseBlobs(store),
        getStats: createGetStats(store),
        checkStore: createCheckStoreRpc(check),
      });
    },
  });
  const stopPromotions = answerPromotions(base, promote);
  life.defer("promotions", async () => stopPromotions());
  await announceReady(base, rpc);
  return { base, rpc };
}
