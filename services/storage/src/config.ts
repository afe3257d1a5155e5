import { type ConfigOf, field } from "@pixelmesh/config";
import { serviceFields } from "@pixelmesh/service";

/** Settings of the storage service. */
export const storageFields = {
  ...serviceFields("STORAGE", 7402),
  dir: field.text("PIXELMESH_STORAGE_DIR", ".pixelmesh/blobs", "Directory of the store, on one file system."),
  maxBytes: field.byteSize("PIXELMESH_STORAGE_MAX", "20GiB", "Most bytes that the store holds.", { min: 1024 * 1024 }),
  minFreeBytes: field.byteSize("PIXELMESH_STORAGE_MIN_FREE", "256MiB", "Space that is left free on the file system."),
  maxBlobBytes: field.byteSize("PIXELMESH_STORAGE_MAX_BLOB", "512MiB", "Largest blob that is taken.", { min: 1024 }),
  minLifeMs: field.duration("PIXELMESH_STORAGE_MIN_LIFE", "1h", "Shortest life of a blob, whatever its put asks for."),
  maxLifeMs: field.duration("PIXELMESH_STORAGE_MAX_LIFE", "30d", "Longest life that may be asked for."),
  sweepEveryMs: field.duration("PIXELMESH_STORAGE_SWEEP_EVERY", "10s", "Pause between two looks for expired blobs.", {
    min: 100,
  }),
} as const;

/** Values of `storageFields`. */
export type StorageConfig = ConfigOf<typeof storageFields>;
