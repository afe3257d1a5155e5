import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { ByteRange } from "../domain/range.ts";
import { orMissing } from "./fs-errors.ts";

/** The chunk size of reads; a reader holds at most two chunks. */
export const readChunkBytes = 256 * 1024;

/** An open blob file, with callbacks for the result of its verification. */
export type BlobFile = {
  readonly handle: FileHandle;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  onVerified(): void;
  /** Awaited; its result is thrown. */
  onCorrupt(): Promise<Error>;
};

/** Yields the bytes of a range without verification, in chunks of `readChunkBytes`. Ends early at the end of the file. */
export async function* readRange(file: Pick<BlobFile, "handle" | "signal">, range: ByteRange): AsyncGenerator<Buffer> {
  const end = range.offsetBytes + range.lengthBytes;
  for (let position = range.offsetBytes; position < end; ) {
    file.signal?.throwIfAborted();
    const length = Math.min(readChunkBytes, end - position);
    const { bytesRead, buffer } = await file.handle.read(Buffer.allocUnsafeSlow(length), 0, length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Yields all bytes. It holds the last chunk back until the digest is verified, so wrong bytes never arrive completely. */
export async function* readVerified(file: BlobFile): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let held: Buffer | undefined;
  for await (const chunk of readRange(file, { offsetBytes: 0, lengthBytes: file.sizeBytes })) {
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (hash.digest("hex") !== file.sha256) throw await file.onCorrupt();
  file.onVerified();
  if (held !== undefined) yield held;
}

/** Reads and verifies all bytes; throws as `readVerified` does. */
export async function verify(file: BlobFile): Promise<void> {
  for await (const _ of readVerified(file));
}

/** Returns whether a file has the digest; false if it does not exist. */
export async function hasDigest(path: string, sha256: string, signal?: AbortSignal): Promise<boolean> {
  const handle = await orMissing(open(path, "r"));
  if (handle === undefined) return false;
  try {
    const { size: sizeBytes } = await handle.stat();
    const hash = createHash("sha256");
    for await (const chunk of readRange({ handle, signal }, { offsetBytes: 0, lengthBytes: sizeBytes }))
      hash.update(chunk);
    return hash.digest("hex") === sha256;
  } finally {
    await handle.close();
  }
}
