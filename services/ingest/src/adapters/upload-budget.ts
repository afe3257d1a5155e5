import { AppError } from "@pixelmesh/errors";

/** Memory that uploads in progress may take together. */
export type UploadBudget = {
  /** Collects a stream of chunks, charging each as it comes. What is held is given back by `release`. */
  open(): { collect(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array>; release(): void };
  readonly usedBytes: number;
};

/** A budget of `totalBytes`. An upload that would exceed it is refused at once with QUEUE_FULL: waiting would hold what it has. */
export function createUploadBudget(totalBytes: number): UploadBudget {
  let usedBytes = 0;
  return {
    get usedBytes() {
      return usedBytes;
    },
    open() {
      let heldBytes = 0;
      return {
        async collect(chunks, maxBytes) {
          const parts: Uint8Array[] = [];
          let length = 0;
          for await (const chunk of chunks) {
            length += chunk.length;
            if (length > maxBytes)
              throw new AppError("IMAGE_TOO_MANY_BYTES", `Expected a picture of up to ${maxBytes} bytes, got more`);
            if (usedBytes + chunk.length > totalBytes) {
              throw new AppError("QUEUE_FULL", "Too many uploads at once; try again", { retryAfterMs: 1_000 });
            }
            usedBytes += chunk.length;
            heldBytes += chunk.length;
            parts.push(chunk);
          }
          return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, length);
        },
        release() {
          usedBytes -= heldBytes;
          heldBytes = 0;
        },
      };
    },
  };
}
