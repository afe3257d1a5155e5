import { isFrameFile, type Raster } from "./raster.ts";

/**
 * Frees memory at once that nothing reads any more. V8 counts memory outside its heap until it collects the garbage, and collects all of
 * it whenever some 64 MB have been added, so three decoded 4K pictures cost a full collection (docs/adr/0082). Memory that is only a part of a
 * buffer belongs to other data, too, and is left alone.
 */
export function freeMemory({ buffer, byteLength }: Uint8Array): void {
  if (isWhole(buffer, byteLength)) buffer.transfer(0);
}

/** Whether a view of so many bytes is all of a buffer. */
export function isWhole(buffer: ArrayBufferLike, byteLength: number): buffer is ArrayBuffer {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && byteLength > 0;
}

/** Does the same for the pixels of a raster in memory. */
export function freeRaster(raster: Raster): void {
  if (!isFrameFile(raster)) freeMemory(raster.data);
}
