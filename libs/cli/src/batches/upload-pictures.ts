import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { AppError, type Pixelmesh } from "@pixelmesh/client";
import type { Failure } from "@pixelmesh/flag-values";
import { toFailure } from "../run/failure.ts";
import { digestOf } from "./digest-of.ts";

/** How the upload of a picture ended. `refused` ones are failed jobs of the batch, `unread` ones are left out of it. */
export type UploadOutcome = "sent" | "refused" | "unread";

/** How pictures are uploaded. */
export type UploadOptions = {
  readonly atOnce: number;
  readonly signal: AbortSignal;
  readonly onBegin: () => void;
  readonly onEnd: (index: number, outcome: UploadOutcome, failure: Failure | undefined) => void;
};

type Upload = {
  readonly digest: string | undefined;
  readonly outcome: UploadOutcome;
  readonly failure?: Failure;
};

const readBytes = 1024 * 1024;

/**
 * Uploads files, several at once, and resolves to the digest of each; undefined for a file that cannot be read, or that changed while it was sent. Holds
 * at most a few MiB of each upload. Rejects with the first failure that is not of one file, and ends the others then.
 */
export async function uploadPictures(
  client: Pick<Pixelmesh, "batches">,
  paths: readonly string[],
  { atOnce, signal: given, onBegin, onEnd }: UploadOptions,
): Promise<readonly (string | undefined)[]> {
  const failed = new AbortController();
  const signal = AbortSignal.any([given, failed.signal]);
  const digests: (string | undefined)[] = new Array(paths.length);
  const queue = paths.entries();

  async function send(path: string): Promise<Upload> {
    const open = () => createReadStream(path, { highWaterMark: readBytes });
    try {
      const { blob } = await client.batches.upload({ open }, { signal });
      return { digest: blob?.sha256, outcome: "sent" };
    } catch (error) {
      if (!isRefused(error)) throw error;
      // The mesh remembers the reason under the digest of the file.
      return { digest: await digestOf(path), outcome: "refused", failure: toFailure(error) };
    }
  }
  async function upload(path: string): Promise<Upload> {
    try {
      await assertFile(path);
      return await send(path);
    } catch (error) {
      if (!isUnread(error)) throw error;
      return { digest: undefined, outcome: "unread", failure: toFailure(error) };
    }
  }
  async function work(): Promise<void> {
    for (const [index, path] of queue) {
      signal.throwIfAborted();
      onBegin();
      const { digest, outcome, failure } = await upload(path);
      digests[index] = digest;
      onEnd(index, outcome, failure);
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, paths.length) }, work));
    return digests;
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}

async function assertFile(path: string): Promise<void> {
  const stats = await stat(path);
  if (!stats.isFile()) throw new NoFile(path);
}

/** A directory, pipe or device. Its bytes cannot be read twice. */
class NoFile extends AppError {
  constructor(path: string) {
    super("INVALID_ARGUMENT", `Expected ${path} to be a file`);
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof AppError && error.reason.startsWith("IMAGE_");
}

function isUnread(error: unknown): boolean {
  if (error instanceof AppError) return error instanceof NoFile || error.reason === "DIGEST_MISMATCH";
  return typeof (error as NodeJS.ErrnoException).syscall === "string";
}
