import type { BlobKind } from "./kind.ts";

/** What a store says about a blob that is there. Times are Unix milliseconds. */
export type BlobStat = {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** An output is promised until then, an input and a frame are needed until then. */
  readonly keepUntilMs: number;
  readonly kind: BlobKind;
};

/** The purpose that bytes are wanted for. */
export type Use = {
  /** Default: an output. */
  readonly kind?: BlobKind;
  /** The job that needs them until the life asked for, or until it lets go. */
  readonly jobId?: string;
};

/** What a put may announce. The digest and the size are checked; a keepUntilMs of 0 asks for the shortest lifetime. */
export type PutOptions = Use & {
  readonly sha256?: string;
  readonly sizeBytes?: number;
  readonly keepUntilMs: number;
};

/** How a blob is looked at. */
export type StatOptions = Use & {
  /** Compares the bytes with their digest, unless they were lately found right and the file has not changed since. */
  readonly verify?: boolean;
};

/** Room that a job asks for. */
export type RoomWish = {
  readonly jobId: string;
  /** Jobs with equal keys store the same bytes; empty: the job shares with none. */
  readonly key: string;
  /** Expected to be needed at one time, and the part of it that is certain. */
  readonly bytes: number;
  readonly leastBytes: number;
  readonly untilMs: number;
};

/** Blobs of one kind. */
export type KindStats = { readonly blobs: number; readonly sizeBytes: number; readonly evicted: number };

/** A blob after a put, and whether its bytes had been there before. */
export type PutResult = BlobStat & { readonly existed: boolean };

/** An open blob. `chunks` can be iterated once; disposing closes the file, iterated or not. */
export type OpenBlob = AsyncDisposable & {
  readonly stat: BlobStat;
  readonly offsetBytes: number;
  /** Of what `chunks` yields. */
  readonly lengthBytes: number;
  readonly chunks: AsyncIterable<Buffer>;
};

/** Counts since start and sizes now. */
export type StoreStats = {
  readonly blobs: number;
  readonly sizeBytes: number;
  readonly capacityBytes: number;
  readonly puts: number;
  readonly putsDeduplicated: number;
  readonly gets: number;
  readonly corrupt: number;
  /** Deleted because their time was over or room was short. */
  readonly evicted: number;
  readonly byKind: Readonly<Record<BlobKind, KindStats>>;
  /** Promised to open jobs and not filled yet. */
  readonly reservedBytes: number;
  /** Free for the store on its file system, as last read. */
  readonly freeBytes: number;
  /** Calls that failed for want of room, and because the disk could not be used. */
  readonly refused: { readonly full: number; readonly disk: number };
};

/** What one sweep did. */
export type SweepResult = { readonly visited: number; readonly removed: number; readonly freedBytes: number };

/**
 * Bytes by digest. Every method throws AppError: BLOB_NOT_FOUND, BLOB_CORRUPT, DIGEST_MISMATCH, STORAGE_FULL,
 * STORAGE_UNAVAILABLE, OUTPUT_TOO_LARGE, INVALID_ARGUMENT; digests are assumed to be well formed (parseDigest).
 */
export type BlobStore = {
  /** Stores the bytes and answers once they are durable. A put that fails or is aborted leaves nothing behind. */
  put(chunks: AsyncIterable<Uint8Array>, options: PutOptions, signal?: AbortSignal): Promise<PutResult>;
  /** Opens `lengthBytes` (0: all) from `offsetBytes`. Bytes whose digest is wrong are never fully handed out. */
  open(sha256: string, offsetBytes: number, lengthBytes: number, signal?: AbortSignal): Promise<OpenBlob>;
  /** Answers what is there; a keepUntilMs above 0 extends its life first. */
  stat(sha256: string, keepUntilMs: number, options?: StatOptions): Promise<BlobStat>;
  /** Promises a job the room it is going to need; STORAGE_FULL where there is none even after others gave way. */
  reserve(wish: RoomWish): Promise<void>;
  /** A job no longer needs some blobs, or (undefined) any and its room; answers how many nobody needs now. */
  release(jobId: string, digests?: readonly string[]): Promise<number>;
  /** Removes the bytes; answers whether they were there. */
  delete(sha256: string): Promise<boolean>;
  /** Removes some of what has expired: one bounded step of an endless round. */
  sweep(): Promise<SweepResult>;
  stats(): StoreStats;
};
