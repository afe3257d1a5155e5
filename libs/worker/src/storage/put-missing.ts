import { createHash } from "node:crypto";
import { setImmediate as afterEvents } from "node:timers/promises";
import type { Content, GrowingContent } from "@pixelmesh/imaging";
import type { Blob } from "@pixelmesh/proto";
import type { BlobClient, BlobRetention } from "./blob-client.ts";

/** Smaller content is sent at once: the question costs as much as the bytes. */
const minAskedBytes = 256 * 1024;
/** Hashed between two turns of the event loop: about 1 ms. */
const hashedAtOnceBytes = 1024 * 1024;

/** How content is put. */
export type PutMissing = {
  readonly mediaType: string;
  readonly retention: BlobRetention;
  readonly signal: AbortSignal;
  /** Whether storage is asked for the digest first, if the content is whole. A MiB takes about 1.1 ms to hash and 4 ms to store. */
  readonly asksFirst: boolean;
};

/**
 * Stores content. With `asksFirst`, bytes that storage has are not sent: they are verified there, and their retention is extended as by a put. The bytes
 * of content below 256 KiB are always sent.
 */
export async function putMissing(
  blobs: Pick<BlobClient, "find" | "put">,
  content: Content | GrowingContent,
  { mediaType, retention, signal, asksFirst }: PutMissing,
): Promise<Blob> {
  if (asksFirst && content.sizeBytes !== undefined && content.sizeBytes >= minAskedBytes) {
    const found = await blobs.find(await digestOf(content, signal), retention, signal);
    if (found) return { ...found, mediaType };
  }
  return await blobs.put(content, mediaType, retention, signal);
}

async function digestOf(content: Content, signal: AbortSignal): Promise<string> {
  const sum = createHash("sha256");
  for await (const part of content.parts()) {
    for (let at = 0; at < part.length; at += hashedAtOnceBytes) {
      sum.update(part.subarray(at, at + hashedAtOnceBytes));
      await afterEvents();
      signal.throwIfAborted();
    }
  }
  return sum.digest("hex");
}
