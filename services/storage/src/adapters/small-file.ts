import {
  closeSync,
  fstatSync,
  fsync,
  futimesSync,
  open,
  openSync,
  read,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { orMissing } from "./fs-errors.ts";
import type { Layout } from "./layout.ts";

const syncFile = promisify(fsync);
const openFile = promisify(open);
const readFile = promisify(read);

/**
 * Writes a small blob durably and atomically: a temporary file at `tempPath`, fsync, rename, fsync of the directories. Returns the file's stat
 * after the rename, which sets the change time. Only the fsyncs run on other threads, because the other system calls change a few bytes in the
 * kernel's memory and take less time than handing them over.
 */
export async function writeSmallFile(
  layout: Layout,
  tempPath: string,
  bytes: Uint8Array,
  { sha256, mtimeMs }: { readonly sha256: string; readonly mtimeMs: number },
): Promise<Stats> {
  const path = layout.blobPath(sha256);
  const seconds = mtimeMs / 1000;
  const file = openSync(tempPath, "wx", 0o640);
  let isOpen = true;
  let isCommitted = false;
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    const makeDurable = layout.prepare(sha256);
    futimesSync(file, seconds, seconds);
    await syncFile(file);
    isOpen = false;
    closeSync(file);
    renameSync(tempPath, path);
    isCommitted = true;
    const stored = statSync(path);
    await makeDurable();
    return stored;
  } finally {
    try {
      if (isOpen) closeSync(file);
    } finally {
      if (!isCommitted) rmSync(tempPath, { force: true });
    }
  }
}

/** A small file's stat and bytes; no bytes if it has more than the caller allows. */
export type SmallFile = { readonly file: Stats; readonly bytes: Buffer | undefined };

/** Reads a file of at most `maxBytes`; undefined if it does not exist. A file that shrinks meanwhile gives fewer bytes. */
export async function readSmallFile(path: string, maxBytes: number): Promise<SmallFile | undefined> {
  const opened = await orMissing(openFile(path, "r"));
  if (opened === undefined) return undefined;
  try {
    const file = fstatSync(opened);
    if (file.size > maxBytes) return { file, bytes: undefined };
    const buffer = Buffer.allocUnsafeSlow(file.size);
    let at = 0;
    while (at < file.size) {
      const { bytesRead } = await readFile(opened, buffer, at, file.size - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return { file, bytes: buffer.subarray(0, at) };
  } finally {
    closeSync(opened);
  }
}
