import type { Reason } from "@pixelmesh/errors";
import { type BlobKind, blobKinds } from "../domain/blob-kind.ts";
import type { StoreStats } from "../domain/blob-store.ts";
import type { Capacity } from "./capacity.ts";

/** Counts of a store since its start. */
export type Counts = {
  put(existed: boolean): void;
  /** A blob was opened or read; its first byte was ready after `tookMs`. */
  get(tookMs: number): void;
  corrupt(): void;
  /** `idleMs`: the time since its last use. */
  evicted(kind: BlobKind, idleMs: number): void;
  /** A call failed; counted if the reason is STORAGE_FULL or STORAGE_UNAVAILABLE. */
  refused(reason: Reason): void;
  read(capacity: Capacity): Omit<StoreStats, "capacityBytes" | "tiers">;
};

/** Creates counts at zero. */
export function createCounts(): Counts {
  const counts = { puts: 0, putsDeduplicated: 0, gets: 0, corrupt: 0, retrievalSeconds: 0, evictedAgeSeconds: 0 };
  const evicted: Record<BlobKind, number> = { output: 0, input: 0, frame: 0 };
  const refused = { full: 0, disk: 0 };
  return {
    put(existed) {
      counts.puts += 1;
      if (existed) counts.putsDeduplicated += 1;
    },
    get(tookMs) {
      counts.gets += 1;
      counts.retrievalSeconds += tookMs / 1000;
    },
    corrupt() {
      counts.corrupt += 1;
    },
    evicted(kind, idleMs) {
      evicted[kind] += 1;
      counts.evictedAgeSeconds += Math.max(0, idleMs) / 1000;
    },
    refused(reason) {
      if (reason === "STORAGE_FULL") refused.full += 1;
      if (reason === "STORAGE_UNAVAILABLE") refused.disk += 1;
    },
    read(capacity) {
      const of = (kind: BlobKind) => ({ ...capacity.of(kind), evicted: evicted[kind] });
      const byKind = { output: of("output"), input: of("input"), frame: of("frame") };
      const sum = (field: "blobs" | "evicted") => blobKinds.reduce((total, kind) => total + byKind[kind][field], 0);
      return {
        ...counts,
        blobs: sum("blobs"),
        sizeBytes: capacity.storedBytes,
        evicted: sum("evicted"),
        byKind,
        reservedBytes: capacity.reservedBytes,
        freeBytes: capacity.freeBytes,
        refused: { ...refused },
      };
    },
  };
}
