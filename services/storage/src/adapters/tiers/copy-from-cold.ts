import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import type { BlobStore, OpenBlob } from "../../domain/blob-store.ts";
import type { ColdStore } from "../../domain/cold-store.ts";
import { resolveRange } from "../../domain/range.ts";
import { corruptBlob } from "../blob-errors.ts";
import { readChunkBytes } from "../read-blob.ts";
import { createFlights } from "./flights.ts";

/** Reads blobs of the shared store. */
export type ColdReader = {
  /**
   * Copies a blob to the disk of this replica, verified; calls for one blob share the copy. Returns false if the disk cannot take it. Throws
   * BLOB_NOT_FOUND, BLOB_CORRUPT, and the errors of the shared store.
   */
  copyToWarm(sha256: string, signal?: AbortSignal): Promise<boolean>;
  /** Opens a blob without a copy. The last chunk is held back until the digest is verified; a range is read after the whole was verified. */
  openDirect(sha256: string, offsetBytes: number, lengthBytes: number, signal?: AbortSignal): Promise<OpenBlob>;
};

/** Parts of the reader. */
export type ColdReaderParts = {
  readonly cold: ColdStore;
  readonly warm: BlobStore;
  /** Returns the time that a use of the blob saves, in ms, if the index answers at once; else 0. Never fails. */
  readSavedMs(sha256: string): Promise<number>;
  /** Called after two reads gave wrong bytes: sets the blob aside. */
  setAside(sha256: string): Promise<void>;
};

/** Failures of the disk of this replica for which a read does without a copy. */
const diskFailures: ReadonlySet<string> = new Set(["STORAGE_FULL", "STORAGE_UNAVAILABLE"]);
/** Failures of a put whose bytes are not those of the blob: another digest, or more bytes than any blob has. */
const wrongBytes: ReadonlySet<string> = new Set(["DIGEST_MISMATCH", "INVALID_ARGUMENT"]);
/** Reads until wrong bytes are taken for those of the store and not for an error on the way. */
const attempts = 2;

/** Creates a reader. */
export function createColdReader({ cold, warm, readSavedMs, setAside }: ColdReaderParts): ColdReader {
  const flights = createFlights<boolean>();

  async function copy(sha256: string, signal: AbortSignal): Promise<boolean> {
    const asking = readSavedMs(sha256);
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const chunks = await cold.read(sha256, undefined, signal);
      if (chunks === undefined) throw noBlob(sha256);
      const source = markFailure(chunks);
      try {
        await warm.put(source.chunks, { sha256, keepUntilMs: 0, savedMs: await asking }, signal);
        return true;
      } catch (error) {
        if (source.failure() !== undefined || !(error instanceof AppError)) throw error;
        if (diskFailures.has(error.reason)) return false;
        if (!wrongBytes.has(error.reason)) throw error;
      }
    }
    await setAside(sha256);
    throw corruptBlob(sha256);
  }

  async function sizeOf(sha256: string, signal?: AbortSignal): Promise<number> {
    const found = await cold.stat(sha256, signal);
    if (found === undefined) throw noBlob(sha256);
    return found.sizeBytes;
  }

  async function* readVerified(sha256: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const chunks = await cold.read(sha256, undefined, signal);
    if (chunks === undefined) throw noBlob(sha256);
    const hash = createHash("sha256");
    let held: Buffer | undefined;
    for await (const chunk of toBuffers(chunks)) {
      hash.update(chunk);
      if (held !== undefined) yield held;
      held = chunk;
    }
    if (hash.digest("hex") !== sha256) throw corruptBlob(sha256);
    if (held !== undefined) yield held;
  }

  return {
    copyToWarm: (sha256, signal) => flights.join(sha256, (own) => copy(sha256, own), signal),
    async openDirect(sha256, offsetBytes, lengthBytes, signal) {
      const sizeBytes = await sizeOf(sha256, signal);
      const range = resolveRange(sizeBytes, offsetBytes, lengthBytes);
      let chunks: AsyncIterable<Buffer> = readVerified(sha256, signal);
      if (range.lengthBytes !== sizeBytes) {
        for await (const _ of chunks);
        const part = range.lengthBytes === 0 ? undefined : await cold.read(sha256, range, signal);
        chunks = part === undefined ? none() : toBuffers(part);
      }
      return {
        stat: { sha256, sizeBytes, keepUntilMs: 0, kind: "output" },
        ...range,
        chunks,
        async [Symbol.asyncDispose]() {},
      };
    },
  };
}

/** Returns BLOB_NOT_FOUND. */
export function noBlob(sha256: string): AppError {
  return new AppError("BLOB_NOT_FOUND", `There is no blob ${sha256}`);
}

/** Tells a failure of the stream from one of its reader. */
function markFailure(chunks: AsyncIterable<Uint8Array>) {
  let failure: unknown;
  async function* marked(): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { chunks: marked(), failure: () => failure };
}

async function* toBuffers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; at += readChunkBytes) {
      const length = Math.min(readChunkBytes, chunk.byteLength - at);
      yield Buffer.from(chunk.buffer, chunk.byteOffset + at, length);
    }
  }
}

async function* none(): AsyncGenerator<Buffer> {}
