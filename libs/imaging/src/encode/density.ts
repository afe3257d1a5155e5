import { open } from "node:fs/promises";
import { ImageFormat } from "@pixelmesh/proto";
import { type Content, contentOfFile } from "../frames/content.ts";
import { pngChunksOf } from "../structure/png.ts";
import { toView } from "../structure/structure.ts";

// The chunk lies within the first hundred bytes.
const HEAD_BYTES = 1024;

/**
 * Removes the density of 25.4 dpi that libvips writes into every PNG: pixels have no density. Other formats have none. Takes
 * ownership of the bytes.
 */
export function withoutDensity(bytes: Uint8Array, format: ImageFormat): Uint8Array {
  const chunk = format === ImageFormat.PNG ? findDensityChunk(bytes) : undefined;
  if (!chunk) return bytes;
  // Move the few bytes before the chunk, not the many after it.
  const length = chunk.end - chunk.start;
  bytes.copyWithin(length, 0, chunk.start);
  return bytes.subarray(length);
}

/** Does the same for a file: its content leaves out the chunk, the file keeps it. */
export async function fileWithoutDensity(path: string, format: ImageFormat): Promise<Content> {
  const chunk = format === ImageFormat.PNG ? findDensityChunk(await readHead(path)) : undefined;
  if (!chunk) return contentOfFile(path);
  const [before, after] = [await contentOfFile(path, 0, chunk.start), await contentOfFile(path, chunk.end)];
  return {
    sizeBytes: before.sizeBytes + after.sizeBytes,
    isFile: true,
    async *parts() {
      yield* before.parts();
      yield* after.parts();
    },
  };
}

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), { position: 0 });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function findDensityChunk(head: Uint8Array): { readonly start: number; readonly end: number } | undefined {
  for (const { type, start, end } of pngChunksOf(toView(head))) {
    if (type === "IDAT" || end > head.length) return undefined;
    if (type === "pHYs") return { start, end };
  }
  return undefined;
}
