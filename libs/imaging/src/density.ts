import { open } from "node:fs/promises";
import { ImageFormat } from "@pixelmesh/proto";
import { type Content, contentOfFile } from "./content.ts";
import { pngChunksOf } from "./structure/png.ts";
import { toView } from "./structure/structure.ts";

// The chunk lies within the first hundred bytes.
const HEAD_BYTES = 1024;

/**
 * The encoded picture without the density of 25.4 dpi that libvips puts into every PNG: pixels have none. Other formats come
 * without one. Takes the bytes over.
 */
export function withoutDensity(bytes: Uint8Array, format: ImageFormat): Uint8Array {
  const chunk = format === ImageFormat.PNG ? findDensityChunk(bytes) : undefined;
  if (!chunk) return bytes;
  // The few bytes before the chunk move over it, instead of all that follow it.
  const length = chunk.end - chunk.start;
  bytes.copyWithin(length, 0, chunk.start);
  return bytes.subarray(length);
}

/** The same for an encoded picture in a file; the file keeps the chunk that its content leaves out. */
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
