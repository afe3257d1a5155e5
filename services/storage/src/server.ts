import type { Lifecycle } from "@pixelmesh/lifecycle";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import type { RpcServer } from "@pixelmesh/rpc";
import { announceReady, openBase, openRpc, openTransfers, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import { openFileStore } from "./adapters/file-store.ts";
import { startSweeping } from "./adapters/sweep-loop.ts";
import type { StorageConfig } from "./config.ts";
import { createDeleteBlob } from "./rpc/delete-blob.ts";
import { createGetBlob } from "./rpc/get-blob.ts";
import { createGetSmallBlob } from "./rpc/get-small-blob.ts";
import { createGetStats } from "./rpc/get-stats.ts";
import { createPutBlob } from "./rpc/put-blob.ts";
import { createPutSmallBlob } from "./rpc/put-small-blob.ts";
import { createReleaseBlobs } from "./rpc/release-blobs.ts";
import { createReserveSpace } from "./rpc/reserve-space.ts";
import { createStatBlob } from "./rpc/stat-blob.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** Pauses between sweeps for which a store without expired blobs is left alone. */
const sweepRestFactor = 6;

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
  const store = await openFileStore({
    directory: config.dir,
    lifetime,
    capacity: { maxBytes: config.maxBytes, minFreeBytes: config.minFreeBytes },
    maxBlobBytes: config.maxBlobBytes,
    sweepVisits: 2_000,
    sweepRestMs: sweepRestFactor * config.sweepEveryMs,
    tempStaleMs: 60 * minuteMs,
    trustMs: 10 * minuteMs,
    quarantineMs: 7 * dayMs,
    fullRestMs: 2_000,
    onCorrupt: (sha256) => log.error({ sha256 }, "a stored blob no longer has its digest; it was set aside"),
    unixMs: Date.now,
    monotonicMs: () => performance.now(),
  });
  life.defer("sweeper", startSweeping(store, config.sweepEveryMs, base));
  const { uploads, downloads } = openTransfers(config);
  const puts = { lifetime, uploads, metrics: base.metrics };
  const rpc = await openRpc(base, {
    uploads,
    serviceNames: [StorageServiceDefinition.fullName],
    register(server) {
      server.add(StorageServiceDefinition, {
        putBlob: createPutBlob(store, puts),
        putSmallBlob: createPutSmallBlob(store, puts),
        getBlob: createGetBlob(store, downloads),
        getSmallBlob: createGetSmallBlob(store, downloads),
        statBlob: createStatBlob(store, lifetime),
        deleteBlob: createDeleteBlob(store),
        reserveSpace: createReserveSpace(store),
        releaseBlobs: createReleaseBlobs(store),
        getStats: createGetStats(store),
      });
    },
  });
  await announceReady(base, rpc);
  return { base, rpc };
}
