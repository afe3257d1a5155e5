import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { openFileStore } from "../src/adapters/file-store.ts";
import type { FileStoreOptions } from "../src/adapters/file-store-options.ts";
import type { BlobStore, OpenBlob } from "../src/domain/blob-store.ts";

export const mib = 1024 * 1024;
export const hour = 3_600_000;
const directories: string[] = [];
afterEach(async () => {
  for (const path of directories.splice(0)) await rm(path, { recursive: true, force: true });
});

/** Opens a store of 64 MiB in a new directory, with a clock that the test moves. */
export async function openStore(changes: Partial<FileStoreOptions> = {}) {
  const directory = changes.directory ?? (await mkdtemp(join(tmpdir(), "pixelmesh-store-")));
  if (changes.directory === undefined) directories.push(directory);
  const corrupt: string[] = [];
  const clock = { nowMs: Date.now() };
  const store = await openFileStore({
    directory,
    lifetime: {
      minMs: hour,
      maxMs: 100 * hour,
      slackMs: 60_000,
      graceMs: 1_000,
      outputHoldMs: hour,
      inputRestMs: 24 * hour,
      frameRestMs: hour / 6,
    },
    capacity: { maxBytes: 64 * mib, minFreeBytes: 0 },
    maxBlobBytes: 32 * mib,
    sweepVisits: 1_000_000,
    tempStaleMs: hour,
    quarantineMs: hour,
    trustMs: hour,
    sweepRestMs: 0,
    fullRestMs: 0,
    onCorrupt: (sha256) => corrupt.push(sha256),
    unixMs: () => clock.nowMs,
    monotonicMs: () => clock.nowMs,
    ...changes,
  });
  const pathOf = (sha256: string) => join(directory, "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  return { store, directory, corrupt, clock, pathOf, temps: () => readdir(join(directory, "tmp")) };
}

/** Yields bytes in chunks. */
export async function* inChunks(bytes: Uint8Array, chunkBytes = 300_000): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < bytes.byteLength; n += chunkBytes) yield bytes.subarray(n, n + chunkBytes);
}

/** Puts bytes with a lifetime. */
export const put = (store: BlobStore, bytes: Uint8Array, keepUntilMs = 0) =>
  store.put(inChunks(bytes), { keepUntilMs });
/** Returns the SHA-256 digest. */
export const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Reads all chunks. */
export async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Reads an opened blob and closes it. */
export async function readAll(open: Promise<OpenBlob>): Promise<Buffer> {
  await using blob = await open;
  return await collect(blob.chunks);
}
