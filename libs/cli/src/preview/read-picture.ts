import { AppError } from "@pixelmesh/errors";
import type { CliIo } from "../io.ts";
import { openPicture } from "../run/picture-source.ts";

/** Four times what a mesh takes by default. A larger file would fill the memory of this process. */
const maxPictureBytes = 256 * 1024 * 1024;

/**
 * Reads a whole picture from a file, or from standard input for `-`. Throws IMAGE_TOO_MANY_BYTES above `maxBytes` (default 256 MiB), INVALID_ARGUMENT for a
 * directory, and errors of the file system.
 */
export async function readPicture(
  path: string,
  { streams, stopping: signal }: Pick<CliIo, "streams" | "stopping">,
  maxBytes: number = maxPictureBytes,
): Promise<Uint8Array> {
  const { open, stream, sizeBytes = 0 } = await openPicture("source", path, { stdin: streams?.stdin, signal });
  const assertSize = (bytes: number) => {
    if (bytes <= maxBytes) return;
    throw new AppError("IMAGE_TOO_MANY_BYTES", `Expected a picture of up to ${maxBytes} bytes, got a larger one`);
  };
  assertSize(sizeBytes);
  const chunks: Uint8Array[] = [];
  let readBytes = 0;
  for await (const chunk of open?.() ?? stream ?? []) {
    readBytes += chunk.length;
    assertSize(readBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, readBytes);
}
