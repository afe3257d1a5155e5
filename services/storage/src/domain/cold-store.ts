/** Properties of a blob in a shared store. */
export type ColdStat = {
  readonly sizeBytes: number;
  /** When the bytes were stored, in Unix milliseconds, by the clock of the shared store. */
  readonly storedMs: number;
};

/** Bytes to store. `open` is called again for each attempt and must yield the same bytes, `sizeBytes` in all. */
export type ColdSource = {
  readonly sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
};

/** One page of a listing, in the order of the digests. `next` is undefined on the last page. */
export type ColdPage = {
  readonly blobs: readonly (ColdStat & { readonly sha256: string })[];
  readonly next: string | undefined;
};

/** Range of bytes: `lengthBytes` (at least 1) from `offsetBytes`. It must lie within the blob. */
export type ColdRange = { readonly offsetBytes: number; readonly lengthBytes: number };

/**
 * The shared store below all storage replicas, by digest: an S3 bucket, or a directory that all replicas see. It holds the only truth about
 * which blobs exist. Methods throw AppError: STORAGE_UNAVAILABLE (does not answer, refuses the credentials, is read-only), STORAGE_FULL,
 * DIGEST_MISMATCH (the bytes of `put` do not have the digest; nothing is stored). An aborted signal ends a call with its reason.
 */
export type ColdStore = {
  /**
   * Stores bytes durably. Equal bytes that are stored already are not sent again. A put that fails stores nothing that can be read. Resolves
   * to whether this call stored them; false: they were stored before.
   */
  put(sha256: string, source: ColdSource, signal?: AbortSignal): Promise<boolean>;
  /** Returns a blob's properties; undefined if it is not stored. */
  stat(sha256: string, signal?: AbortSignal): Promise<ColdStat | undefined>;
  /**
   * Streams a blob or a range of it; undefined if it is not stored. The digest is not verified here: the caller does. A connection that breaks
   * is resumed from where it broke. Leaving the loop early closes the connection.
   */
  read(sha256: string, range?: ColdRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Removes a blob. Removing one that is not stored is no error. */
  remove(sha256: string, signal?: AbortSignal): Promise<void>;
  /** Moves a blob with wrong bytes to `quarantine/`, where it is neither read nor listed. One that is not stored is no error. */
  quarantine(sha256: string, signal?: AbortSignal): Promise<void>;
  /** Lists stored blobs in pages of at most `limit` (at most 1,000), after the cursor `next` of the page before. */
  list(limit: number, next?: string, signal?: AbortSignal): Promise<ColdPage>;
  /** Throws STORAGE_UNAVAILABLE if the store cannot be used now; called for the health of the service. */
  check(signal?: AbortSignal): Promise<void>;
  /** Removes what dead processes left behind, such as half an upload: at most 100 a call. Returns how many. */
  sweep(signal?: AbortSignal): Promise<number>;
  /** Closes connections. Calls that still run fail. */
  close(): Promise<void>;
};
