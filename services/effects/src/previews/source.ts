import { createHash, hash } from "node:crypto";
import { type ByteShare, collectBytes } from "@pixelmesh/rpc";
import type { WorkerParts } from "@pixelmesh/worker";

/** The encoded bytes of a source while they are decoded. */
export type SourceBytes = { readonly bytes: Uint8Array; release(): void };

/** A source of previews. */
export type PreviewSource = {
  /** Digest of its bytes, in lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Whether its bytes came with the call. They may then not be in storage. */
  readonly isSent: boolean;
  /** Returns the bytes; the caller releases them. Throws BLOB_NOT_FOUND and other failures of storage, QUEUE_FULL without memory for them. */
  open(signal: AbortSignal): Promise<SourceBytes>;
  /** Keeps bytes that came with the call charged until the returned function is called: for work that may outlast the call. */
  hold(): () => void;
  /** Ends the call's use of the source. Bytes that are held or open stay charged until they are released. Idempotent. */
  close(): void;
};

type Parts = Pick<WorkerParts, "transfers" | "limits">;

/** Returns a source whose bytes came in the request. Throws QUEUE_FULL if the uploads have no memory for them. */
export function sentSource({ transfers }: Pick<Parts, "transfers">, bytes: Uint8Array): PreviewSource {
  const share = transfers.uploads.open();
  share.grow(bytes.length);
  return chargedSource(hash("sha256", bytes, "hex"), bytes, share);
}

/** Reads a source from a stream and computes its digest meanwhile. Throws IMAGE_TOO_MANY_BYTES and QUEUE_FULL. */
export async function readSource(
  { transfers, limits }: Parts,
  chunks: AsyncIterable<Uint8Array>,
): Promise<PreviewSource> {
  const share = transfers.uploads.open();
  const digest = createHash("sha256");
  async function* hashed() {
    for await (const chunk of chunks) {
      digest.update(chunk);
      yield chunk;
    }
  }
  try {
    const bytes = await collectBytes(hashed(), { maxBytes: limits.maxBytes, share });
    return chargedSource(digest.digest("hex"), bytes, share);
  } catch (error) {
    share.release();
    throw error;
  }
}

/** Returns the source of a digest. Its bytes are read from storage when they are needed. */
export function storedSource(
  { transfers, limits, blobs }: Parts & Pick<WorkerParts, "blobs">,
  sha256: string,
): PreviewSource {
  return {
    sha256,
    isSent: false,
    async open(signal) {
      const share = transfers.uploads.open();
      try {
        const { parts, sizeBytes } = await blobs.read(sha256, limits.maxBytes, signal);
        const bytes = await collectBytes(parts, { maxBytes: limits.maxBytes, share, sizeBytes });
        return { bytes, release: share.release };
      } catch (error) {
        share.release();
        throw error;
      }
    },
    hold: () => () => {},
    close() {},
  };
}

/** Returns a source of bytes that `share` is charged with until neither the call nor a decode uses them. */
function chargedSource(sha256: string, bytes: Uint8Array, share: ByteShare): PreviewSource {
  let users = 0;
  const use = () => {
    users += 1;
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      users -= 1;
      if (users === 0) share.release();
    };
  };
  const close = use();
  return { sha256, isSent: true, open: async () => ({ bytes, release: use() }), hold: use, close };
}
