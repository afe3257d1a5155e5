import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import type { ColdPage, ColdRange, ColdSource, ColdStat, ColdStore } from "../domain/cold-store.ts";
import { isDigest } from "../domain/digest.ts";
import { digestMismatch } from "./blob-errors.ts";
import { orMissing, toStoreError } from "./fs-errors.ts";
import { createLayout, type Layout, listNames } from "./layout.ts";
import { quarantine, trimQuarantine } from "./quarantine.ts";
import { hasDigest, readRange } from "./read-blob.ts";
import { createTempFiles, type TempFiles } from "./temp-file.ts";
import { createVerifiedFiles, type VerifiedFiles } from "./verified-files.ts";

/** Options of a shared directory. Times in milliseconds. */
export type ColdDirectoryOptions = {
  /** Must exist: a directory that is not mounted must not be taken for an empty store. */
  readonly directory: string;
  /** A temporary file of another machine is removed after this time without a write. */
  readonly tempStaleMs: number;
  /** How long a stored blob is trusted after it was verified, before equal bytes are dropped without reading it. */
  readonly trustMs: number;
  readonly quarantineMs: number;
  readonly unixMs: () => number;
  readonly monotonicMs: () => number;
};

type Parts = ColdDirectoryOptions & {
  readonly layout: Layout;
  readonly temps: TempFiles;
  readonly verified: VerifiedFiles;
};

/**
 * Opens a directory that all replicas see as the shared store: `blobs/ab/cd/<sha256>`, as the file store, on a file system with atomic renames.
 * Throws STORAGE_UNAVAILABLE if the directory does not exist or cannot be used.
 */
export async function openColdDirectory(options: ColdDirectoryOptions): Promise<ColdStore> {
  const { directory } = options;
  const found = await typed(orMissing(stat(directory)));
  if (!found?.isDirectory()) throw noDirectory(directory);
  const layout = await typed(createLayout(directory));
  const temps = createTempFiles(layout, options.tempStaleMs);
  const parts = { ...options, layout, temps, verified: createVerifiedFiles(options.trustMs, options.monotonicMs) };
  return {
    put: (sha256, source, signal) => typed(putBlob(parts, sha256, source, signal)),
    stat: (sha256) => typed(statBlob(layout, sha256)),
    read: (sha256, range, signal) => typed(readBlob(layout, sha256, range, signal)),
    remove: (sha256) => typed(rm(layout.blobPath(sha256), { force: true })),
    quarantine: (sha256) => typed(setAside(parts, sha256)),
    list: (limit, next, signal) => typed(listBlobs(layout, limit, next ?? "", signal)),
    check: () => typed(access(layout.tempDir, constants.W_OK)),
    async sweep() {
      await typed(trimQuarantine(layout, options.unixMs(), options.quarantineMs));
      return await typed(temps.clearLeftovers(options.unixMs()));
    },
    async close() {},
  };
}

async function putBlob(parts: Parts, sha256: string, source: ColdSource, signal?: AbortSignal): Promise<boolean> {
  if (await isStored(parts, sha256, source.sizeBytes, signal)) return false;
  const temp = await parts.temps.create();
  try {
    const hash = createHash("sha256");
    for await (const chunk of source.open()) {
      signal?.throwIfAborted();
      hash.update(chunk);
      await temp.write(chunk);
    }
    const received = hash.digest("hex");
    if (received !== sha256) throw digestMismatch(sha256, received);
    parts.verified.add(sha256, await temp.commit(sha256, parts.unixMs()));
    return true;
  } finally {
    await temp.discard();
  }
}

/** Returns whether an intact blob of the size is stored. Sets a corrupt one aside. */
async function isStored(parts: Parts, sha256: string, sizeBytes: number, signal?: AbortSignal): Promise<boolean> {
  const { layout, verified } = parts;
  const path = layout.blobPath(sha256);
  const file = await orMissing(stat(path));
  if (file === undefined) return false;
  if (file.size === sizeBytes) {
    if (verified.has(sha256, file)) return true;
    if (await hasDigest(path, sha256, signal)) {
      verified.add(sha256, file);
      return true;
    }
  }
  await quarantine(layout, sha256, parts.unixMs(), file.ino);
  return false;
}

async function setAside({ layout, verified, unixMs }: Parts, sha256: string): Promise<void> {
  verified.forget(sha256);
  await quarantine(layout, sha256, unixMs());
}

async function statBlob(layout: Layout, sha256: string): Promise<ColdStat | undefined> {
  const file = await orMissing(stat(layout.blobPath(sha256)));
  if (file !== undefined) return { sizeBytes: file.size, storedMs: file.mtimeMs };
  // A directory that is no longer mounted has no blobs, but they are not missing.
  await stat(layout.blobsDir);
  return undefined;
}

async function readBlob(
  layout: Layout,
  sha256: string,
  range: ColdRange | undefined,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  if ((await statBlob(layout, sha256)) === undefined) return undefined;
  const path = layout.blobPath(sha256);
  // Opened by the loop, so that a stream that is never read leaves no file open.
  return (async function* chunks() {
    const handle = await typed(open(path, "r"));
    try {
      const whole = { offsetBytes: 0, lengthBytes: (await handle.stat()).size };
      yield* readRange({ handle, signal }, range ?? whole);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      await handle.close();
    }
  })();
}

async function listBlobs(layout: Layout, limit: number, after: string, signal?: AbortSignal): Promise<ColdPage> {
  const blobs: (ColdStat & { readonly sha256: string })[] = [];
  for (const outer of await namesFrom(layout.blobsDir, after.slice(0, 2))) {
    const isFirst = outer === after.slice(0, 2);
    for (const inner of await namesFrom(join(layout.blobsDir, outer), isFirst ? after.slice(2, 4) : "")) {
      signal?.throwIfAborted();
      const names = await namesFrom(join(layout.blobsDir, outer, inner), after);
      for (const sha256 of names.filter((name) => isDigest(name) && name > after)) {
        const found = await statBlob(layout, sha256);
        if (found !== undefined) blobs.push({ sha256, ...found });
        if (blobs.length >= limit) return { blobs, next: sha256 };
      }
    }
  }
  // An unmounted directory would list as empty.
  await stat(layout.blobsDir);
  return { blobs, next: undefined };
}

async function namesFrom(path: string, least: string): Promise<string[]> {
  return (await listNames(path)).filter((name) => name >= least).sort();
}

async function typed<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw toStoreError(error);
  }
}

function noDirectory(directory: string): AppError {
  return new AppError(
    "STORAGE_UNAVAILABLE",
    `Expected \`PIXELMESH_STORAGE_COLD\` to name a directory that exists, got \`file://${directory}\`; create or mount it`,
    { retryAfterMs: 5_000 },
  );
}
