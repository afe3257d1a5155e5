/** What a store says about a blob that is there. Times are Unix milliseconds. */
export type BlobStat = {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** The bytes are there at least until then. */
  readonly keepUntilMs: number;
};

/** What a put may announce. The digest and the size are checked; a keepUntilMs of 0 asks for the shortest lifetime. */
export type PutOptions = {
  readonly sha256?: string;
  readonly sizeBytes?: number;
  readonly keepUntilMs: number;
};

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
  readonly evicted: number;
};

/** What one sweep did. */
export type SweepResult = { readonly visited: number; readonly removed: number; readonly freedBytes: number };

/**
 * Bytes by digest. Every method throws AppError: BLOB_NOT_FOUND, BLOB_CORRUPT, DIGEST_MISMATCH, STORAGE_FULL,
 * INVALID_ARGUMENT; digests are assumed to be well formed (parseDigest).
 */
export type BlobStore = {
  /** Stores the bytes and answers once they are durable. A put that fails or is aborted leaves nothing behind. */
  put(chunks: AsyncIterable<Uint8Array>, options: PutOptions, signal?: AbortSignal): Promise<PutResult>;
  /** Opens `lengthBytes` (0: all) from `offsetBytes`. Bytes whose digest is wrong are never fully handed out. */
  open(sha256: string, offsetBytes: number, lengthBytes: number, signal?: AbortSignal): Promise<OpenBlob>;
  /** Answers what is there; a keepUntilMs above 0 extends its life first. */
  stat(sha256: string, keepUntilMs: number): Promise<BlobStat>;
  /** Removes the bytes; answers whether they were there. */
  delete(sha256: string): Promise<boolean>;
  /** Removes some of what has expired: one bounded step of an endless round. */
  sweep(): Promise<SweepResult>;
  stats(): StoreStats;
};
