import { availableParallelism } from "node:os";
import { type ConfigOf, field } from "@pixelmesh/config";
import { addressVariable, localAddress, type WorkerRole } from "@pixelmesh/roles";
import { serviceFields, transferFields } from "@pixelmesh/service";
import type { HostMemorySource } from "./devices/machine-memory.ts";
import { limitFields } from "./limit-fields.ts";

/** Settings of every service that does steps, on top of a service's own. */
export function workerFields(role: WorkerRole) {
  const area = role.toUpperCase();
  return {
    ...serviceFields(role),
    ...transferFields(area),
    ...limitFields,
    storageAddress: field.text(addressVariable("storage"), localAddress("storage"), "Address of the storage service."),
    schedulerAddresses: field.list(
      addressVariable("scheduler"),
      localAddress("scheduler"),
      "Addresses of the scheduler and its standbys, separated by commas.",
    ),
    deviceMemoryBytes: field.byteSize(
      "PIXELMESH_DEVICE_MEMORY",
      "1024TiB",
      "Memory of this machine to plan with at most; what it has, where that is less.",
    ),
    hostRoot: field.text(
      "PIXELMESH_HOST_ROOT",
      "/",
      "Directory that holds the `proc` and `sys` that memory is read from.",
    ),
    scratchDir: field.text(
      "PIXELMESH_SCRATCH_DIR",
      "",
      "Directory for large pictures while they are worked on; empty: the system's for temporary files. On a disk, not in memory.",
    ),
    maxFrameBytes: field.byteSize(
      "PIXELMESH_FRAME_MEMORY",
      "64MiB",
      "A picture whose pixels take more is kept in a file while it is worked on.",
      { min: 0 },
    ),
    concurrency: field.integer(
      `PIXELMESH_${area}_CONCURRENCY`,
      String(Math.min(8, availableParallelism() + 2)),
      "Steps in hand at once; each waits for its slot.",
      { min: 1, max: 64 },
    ),
    imagingThreads: field.integer(
      `PIXELMESH_${area}_IMAGING_THREADS`,
      "1",
      "Threads for one decode, resize or encode.",
      { min: 1, max: 64 },
    ),
  } as const;
}

/** Values of `workerFields`. */
export type WorkerConfig = ConfigOf<ReturnType<typeof workerFields>>;

/** Where a service with these settings reads memory from, and how much of it is planned with. */
export function toMemorySource(config: Pick<WorkerConfig, "deviceMemoryBytes" | "hostRoot">): HostMemorySource {
  return { maxTotalBytes: config.deviceMemoryBytes, root: config.hostRoot };
}
