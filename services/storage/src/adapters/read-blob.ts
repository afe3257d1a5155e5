import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { ByteRange } from "../domain/range.ts";
import { orMissing } from "./fs-errors.ts";

/** How much is read at a time; a reader holds at most two such chunks. */
export const readChunkBytes = 256 * 1024;

/** An open blob file and what happens when its bytes are found right or wrong. */
export type BlobFile = {
  readonly handle: FileHandle;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly signal: AbortSignal | undefined;
  onVerified(): void;
  /** Awaited; what it answers is thrown. */
  onCorrupt(): Promise<Error>;
};

/** The bytes of a range as they are, in chunks of `readChunkBytes`. Ends early where the file does. */
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

/** All bytes. The last chunk is held back until the digest is right, so wrong bytes never arrive whole. */
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

/** Reads all bytes and keeps none; throws as `readVerified` does. */
export async function verify(file: BlobFile): Promise<void> {
  for await (const _ of readVerified(file));
}

/** Whether a file has the digest; false also where it is gone. */
export async function isWholeFile(path: string, sha256: string, signal?: AbortSignal): Promise<boolean> {
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
