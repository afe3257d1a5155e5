import { type ConfigOf, field } from "@pixelmesh/config";
import { serviceFields, transferFields } from "@pixelmesh/service";
import { s3Fields } from "./adapters/s3/s3-fields.ts";

/** Settings of the storage service. */
export const storageFields = {
  ...serviceFields("storage"),
  ...transferFields("STORAGE", "128MiB"),
  dir: field.text("PIXELMESH_STORAGE_DIR", ".pixelmesh/blobs", "Directory of the store, on one file system."),
  maxBytes: field.byteSize("PIXELMESH_STORAGE_MAX", "20GiB", "Most bytes of all blobs together.", { min: 1024 * 1024 }),
  minFreeBytes: field.byteSize("PIXELMESH_STORAGE_MIN_FREE", "256MiB", "Space that is left free on the file system."),
  maxBlobBytes: field.byteSize("PIXELMESH_STORAGE_MAX_BLOB", "512MiB", "Largest blob that is accepted.", { min: 1024 }),
  minLifeMs: field.duration("PIXELMESH_STORAGE_MIN_LIFE", "1h", "Shortest lifetime of a blob."),
  maxLifeMs: field.duration("PIXELMESH_STORAGE_MAX_LIFE", "30d", "Longest lifetime that a caller may request."),
  outputHoldMs: field.duration(
    "PIXELMESH_STORAGE_OUTPUT_HOLD",
    "1h",
    "How long an output is held after its last use, even in a full store. After that it may be evicted before its promised time, but only after all other kinds.",
  ),
  inputRestMs: field.duration(
    "PIXELMESH_STORAGE_INPUT_REST",
    "24h",
    "How long an uploaded picture stays once no job needs it, while space is free.",
  ),
  frameRestMs: field.duration(
    "PIXELMESH_STORAGE_FRAME_REST",
    "10m",
    "How long raw pixels between two steps stay once no job needs them, while space is free.",
  ),
  sweepEveryMs: field.duration("PIXELMESH_STORAGE_SWEEP_EVERY", "10s", "Pause between two sweeps for expired blobs.", {
    min: 100,
  }),
  cold: field.text(
    "PIXELMESH_STORAGE_COLD",
    "",
    "Shared store of all storage replicas: file:///path (a directory that all of them mount) or s3://bucket/prefix. Empty: the directory of the one replica is the store.",
  ),
  hotMaxBytes: field.byteSize(
    "PIXELMESH_STORAGE_HOT_MAX",
    "64MiB",
    "With a shared store: most memory for copies of blobs that are read often. It shrinks when memory is short.",
    { min: 0 },
  ),
  hotTtlMs: field.duration(
    "PIXELMESH_STORAGE_HOT_TTL",
    "7d",
    "With a shared store: how long a blob that was used 3 times or more stays after its last use.",
    { min: 60_000 },
  ),
  warmTtlMs: field.duration(
    "PIXELMESH_STORAGE_WARM_TTL",
    "3d",
    "With a shared store: how long a blob that was used twice stays after its last use; also how long an unused copy stays on the disk of a replica.",
    { min: 60_000 },
  ),
  coldTtlMs: field.duration(
    "PIXELMESH_STORAGE_COLD_TTL",
    "1d",
    "With a shared store: how long any other blob stays after its last use. No blob goes before its promised time or while a job needs it.",
    { min: 60_000 },
  ),
  ...s3Fields,
} as const;

/** Values of `storageFields`. */
export type StorageConfig = ConfigOf<typeof storageFields>;
