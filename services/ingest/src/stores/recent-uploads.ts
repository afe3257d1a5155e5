import type { BlobClient } from "@pixelmesh/worker";
import { LRUCache } from "lru-cache";

/** Two views of one storage. */
export type RecentUploads = {
  /** For uploads: remembers the bytes that it has stored while nothing else holds them. */
  readonly uploading: BlobClient;
  /** For steps of the same process: returns those bytes without reading them from storage. */
  readonly reading: BlobClient;
};

const maxRemembered = 256;

/**
 * Lets a step that runs in the process that received its picture take the received bytes: it saves storage a read, and both a transfer. The bytes are held
 * weakly, so they use no memory that the garbage collector could free. Each is given to one step only, which may free it. The caller of `uploading.put` must
 * not use its bytes after the promise has resolved. A blob is remembered only once it is stored, so nothing depends on this memory.
 */
export function rememberUploads(blobs: BlobClient): RecentUploads {
  const remembered = new LRUCache<string, WeakRef<Uint8Array>>({ max: maxRemembered });
  return {
    uploading: {
      ...blobs,
      async put(content, mediaType, retention, signal) {
        const blob = await blobs.put(content, mediaType, retention, signal);
        const bytes = content.isFile ? undefined : await onlyPart(content.parts());
        if (bytes !== undefined) remembered.set(blob.sha256, new WeakRef(bytes));
        return blob;
      },
    },
    reading: {
      ...blobs,
      async get(blob, maxBytes, signal) {
        const bytes = remembered.get(blob.sha256)?.deref();
        remembered.delete(blob.sha256);
        // Freed memory has no bytes.
        const isWhole = bytes !== undefined && bytes.length > 0 && bytes.length === blob.sizeBytes;
        return isWhole && bytes.length <= maxBytes ? bytes : await blobs.get(blob, maxBytes, signal);
      },
    },
  };
}

/** Returns the part of a content that has one; undefined for several. */
async function onlyPart(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  let only: Uint8Array | undefined;
  for await (const part of parts) {
    if (only !== undefined) return undefined;
    only = part;
  }
  return only;
}
