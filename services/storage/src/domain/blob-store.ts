import type { BlobKind } from "./blob-kind.ts";

/** A stored blob. Times are Unix milliseconds. */
export type BlobStat = {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** An output is promised until then; an input or a frame is needed until then. */
  readonly keepUntilMs: number;
  readonly kind: BlobKind;
  /** Time that a use of the blob saves, in milliseconds, to 27 %; 0 or undefined: unknown. */
  readonly savedMs?: number;
};

/** A blob with the fastest place that holds it. Without tiers that is the directory. */
export type FoundBlob = BlobStat & { readonly tier: TierName | "directory" };

/** The use that a blob is stored or extended for. */
export type BlobUse = {
  /** Default: an output. */
  readonly kind?: BlobKind;
  /** The job that needs the blob until `keepUntilMs` or until it releases it. */
  readonly jobId?: string;
  /** Time that a use of the blob saves, in milliseconds; 0 or undefined: unknown, or as given before. */
  readonly savedMs?: number;
};

/** Options of a put. Digest and size are checked if given; a `keepUntilMs` of 0 means the shortest lifetime. */
export type PutOptions = BlobUse & {
  readonly sha256?: string;
  readonly sizeBytes?: number;
  readonly keepUntilMs: number;
  /** Called with the digest once it is known, before the bytes become a blob. */
  readonly onDigest?: (sha256: string) => void;
};

/** Options of a stat. */
export type StatOptions = BlobUse & {
  /** Compares the bytes with their digest, unless they were verified recently and the file has not changed since. */
  readonly verify?: boolean;
};

/** A job's request to reserve space. */
export type ReservationRequest = {
  readonly jobId: string;
  /** Jobs with equal keys store the same bytes and share one reservation; empty: the job shares none. */
  readonly key: string;
  /** Expected need at one time, and the certain part of it. */
  readonly bytes: number;
  readonly leastBytes: number;
  readonly untilMs: number;
};

/** Totals of one kind. */
export type KindStats = { readonly blobs: number; readonly sizeBytes: number; readonly evicted: number };

/** A blob after a put, and whether its bytes were stored before. */
export type PutResult = BlobStat & { readonly existed: boolean };

/** An open blob. `chunks` can be iterated once; disposal closes the file in any case. */
export type OpenBlob = AsyncDisposable & {
  readonly stat: BlobStat;
  readonly offsetBytes: number;
  /** Total length of `chunks`. */
  readonly lengthBytes: number;
  readonly chunks: AsyncIterable<Buffer>;
};

/** The tiers of a store with a shared store below it: memory, the disk of this replica, the shared store. */
export const tierNames = ["hot", "warm", "cold"] as const;

/** Name of a tier. */
export type TierName = (typeof tierNames)[number];

/**
 * Where a blob is after a promotion. `tier` is undefined without a shared store: the directory is then all there is. `wasThere`: the call
 * moved nothing.
 */
export type Promotion = { readonly tier: TierName | undefined; readonly wasThere: boolean; readonly sizeBytes: number };

/** Counts of one tier since the start, and its current size; see TierStats of the contract. */
export type TierStats = {
  readonly tier: TierName;
  readonly blobs: number;
  readonly sizeBytes: number;
  /** 0: no bound of its own. */
  readonly capacityBytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly promotions: number;
  readonly evicted: number;
  readonly corrupt: number;
  readonly retrievalSeconds: number;
  readonly evictedAgeSeconds: number;
};

/** Counts since the start and current sizes. */
export type StoreStats = {
  readonly blobs: number;
  readonly sizeBytes: number;
  readonly capacityBytes: number;
  readonly puts: number;
  readonly putsDeduplicated: number;
  readonly gets: number;
  readonly corrupt: number;
  /** Blobs that were deleted because they expired or because space was short. */
  readonly evicted: number;
  readonly byKind: Readonly<Record<BlobKind, KindStats>>;
  /** Reserved by open jobs and not used yet. */
  readonly reservedBytes: number;
  /** Time until the first byte was ready, of all gets, and time since the last use, of all evicted blobs. */
  readonly retrievalSeconds: number;
  readonly evictedAgeSeconds: number;
  /** Free for the store on its file system, at the last reading. */
  readonly freeBytes: number;
  /** Calls that failed because the store was full or the disk failed. */
  readonly refused: { readonly full: number; readonly disk: number };
  /** Empty without a shared store. */
  readonly tiers: readonly TierStats[];
};

/** The result of one sweep. */
export type SweepResult = { readonly visited: number; readonly removed: number; readonly freedBytes: number };

/**
 * Blobs by digest. Methods throw AppError: BLOB_NOT_FOUND, BLOB_CORRUPT, DIGEST_MISMATCH, STORAGE_FULL, STORAGE_UNAVAILABLE,
 * OUTPUT_TOO_LARGE, INVALID_ARGUMENT. Digests must be well formed (parseDigest).
 */
export type BlobStore = {
  /** Stores the bytes; resolves once they are durable. A put that fails or is aborted stores nothing. */
  put(chunks: AsyncIterable<Uint8Array>, options: PutOptions, signal?: AbortSignal): Promise<PutResult>;
  /** As `put`, for bytes in memory. */
  putBytes(bytes: Uint8Array, options: PutOptions): Promise<PutResult>;
  /** Opens `lengthBytes` (0: all) from `offsetBytes`. Bytes with a wrong digest are never yielded completely. */
  open(sha256: string, offsetBytes: number, lengthBytes: number, signal?: AbortSignal): Promise<OpenBlob>;
  /** Returns all bytes of a blob, verified. Throws INVALID_ARGUMENT for a blob of more than `maxBytes`. */
  readBytes(sha256: string, maxBytes: number): Promise<Buffer>;
  /** Returns a blob; a `keepUntilMs` above 0 extends its lifetime first. With a `savedMs` above 0 it counts as a use. */
  stat(sha256: string, keepUntilMs: number, options?: StatOptions): Promise<FoundBlob>;
  /**
   * Copies a blob, verified, to the fastest tier that takes it: memory, or the disk of this replica. Throws BLOB_NOT_FOUND, BLOB_CORRUPT.
   */
  promote(sha256: string, signal?: AbortSignal): Promise<Promotion>;
  /** Reserves space for a job; throws STORAGE_FULL if there is not enough even after evictions. */
  reserve(request: ReservationRequest): Promise<void>;
  /** Ends a job's need of some blobs, or (undefined) of all and its reservation. Returns how many blobs no job needs now. */
  release(jobId: string, digests?: readonly string[]): Promise<number>;
  /** Removes a blob. Returns whether it existed. */
  delete(sha256: string): Promise<boolean>;
  /** Removes some expired blobs: one bounded step around the store. */
  sweep(): Promise<SweepResult>;
  stats(): StoreStats;
};
