import { availableParallelism } from "node:os";
import { type ConfigOf, field } from "@pixelmesh/config";
import { addressVariable, localAddress, type WorkerRole } from "@pixelmesh/roles";
import { serviceFields, transferFields } from "@pixelmesh/service";
import type { HostMemorySource } from "./devices/machine-memory.ts";
import { limitFields } from "./limit-fields.ts";

/** Returns the settings of every role that takes steps, including `serviceFields`. */
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
      "Most memory of this machine that is granted; at most what it has.",
    ),
    hostRoot: field.text("PIXELMESH_HOST_ROOT", "/", "Directory with the `proc` and `sys` from which memory is read."),
    scratchDir: field.text(
      "PIXELMESH_SCRATCH_DIR",
      "",
      "Directory for large pictures during steps, on a disk, not in memory. Empty: the system's directory for temporary files.",
    ),
    maxFrameBytes: field.byteSize(
      "PIXELMESH_FRAME_MEMORY",
      "64MiB",
      "Largest picture, by its pixels, that is held in memory during a step. A larger one is held in a file.",
      { min: 0 },
    ),
    concurrency: field.integer(
      `PIXELMESH_${area}_CONCURRENCY`,
      String(Math.min(8, availableParallelism() + 2)),
      "Most steps in hand at once; each waits for its slot.",
      { defaultDoc: "cores + 2, at most 8", min: 1, max: 64 },
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

/** Converts the settings to the source and limit of memory readings. */
export function toMemorySource(config: Pick<WorkerConfig, "deviceMemoryBytes" | "hostRoot">): HostMemorySource {
  return { maxTotalBytes: config.deviceMemoryBytes, root: config.hostRoot };
}
