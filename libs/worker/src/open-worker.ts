import { configureImaging, type PictureLimits } from "@pixelmesh/imaging";
import { openTransfers, type ServiceBase, type Transfers } from "@pixelmesh/service";
import { type DeviceLink, type DeviceOwner, linkDevice } from "./devices/report-devices.ts";
import { toPictureLimits } from "./limit-fields.ts";
import { connectSchedulers, type SchedulerLink } from "./slots/scheduler-link.ts";
import { createSharedPictures, type SharedPictures } from "./steps/shared-pictures.ts";
import { type BlobClient, connectBlobs } from "./storage/blob-client.ts";
import { openResultCache, type ResultCache } from "./storage/result-cache.ts";
import { openScratch, type Scratch } from "./storage/scratch-directory.ts";
import { toMemorySource, type WorkerConfig } from "./worker-fields.ts";

/** The parts that a process that runs steps has open besides its base. */
export type WorkerParts = {
  readonly base: ServiceBase;
  readonly config: WorkerConfig;
  readonly blobs: BlobClient;
  readonly results: ResultCache;
  readonly scheduler: SchedulerLink;
  readonly device: DeviceLink;
  /** Limits of direct calls. A job has its own limits. */
  readonly limits: PictureLimits;
  readonly scratch: Scratch;
  /** The pictures that steps of jobs take at the moment. */
  readonly pictures: SharedPictures;
  /** Memory budgets for pictures that calls send and receive. */
  readonly transfers: Transfers;
};

/** Connects to storage and scheduler and attaches this machine's memory as a device. The lifecycle closes all. */
export async function openWorker(
  base: ServiceBase,
  config: WorkerConfig,
  owner: DeviceOwner = {},
): Promise<WorkerParts> {
  configureImaging({ threads: config.imagingThreads });
  const storage = base.connect(config.storageAddress);
  base.life.defer("storage connection", storage.close);
  const scheduler = connectSchedulers(config.schedulerAddresses, base.connect);
  base.life.defer("scheduler connection", scheduler.close);
  const device = linkDevice(base, scheduler, owner, toMemorySource(config));
  base.life.defer("device", device.close, 2_000);
  const scratch = await openScratch(base, config);
  return {
    base,
    config,
    scratch,
    pictures: createSharedPictures(scratch.openFrameStore, (result) =>
      base.metrics.count("pixelmesh_shared_beginnings_total", { result }),
    ),
    transfers: openTransfers(config),
    blobs: connectBlobs(storage),
    results: await openResultCache(base.bus),
    scheduler,
    device,
    limits: toPictureLimits(config),
  };
}
