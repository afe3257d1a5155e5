import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { AppError } from "@pixelmesh/errors";
import { toStorageError } from "../durable.ts";

/** The member of an archive that is wanted, and the file that it becomes. */
export type MemberRequest = {
  readonly archivePath: string;
  /** Path inside the archive; of a tar archive without its top folder. */
  readonly member: string;
  /** The size that the member must have. */
  readonly sizeBytes: number;
  /** The file to write. No path of the archive is ever used as a path on disk. */
  readonly outPath: string;
  /** The archive in words, for messages. */
  readonly origin: string;
  readonly signal: AbortSignal;
};

/** Most entries of an archive that are looked through. */
export const maxArchiveEntries = 100_000;

/** Writes a member to its file. Throws MODEL_INVALID if it has another size than expected, STORAGE_FULL, or the signal's reason. */
export async function writeMember(chunks: AsyncIterable<Uint8Array>, request: MemberRequest): Promise<void> {
  const { outPath, sizeBytes, signal } = request;
  async function* limited(): AsyncGenerator<Uint8Array> {
    let doneBytes = 0;
    for await (const chunk of chunks) {
      doneBytes += chunk.length;
      if (doneBytes > sizeBytes) throw toArchiveError(request, `${request.member} has more than ${sizeBytes} bytes`);
      yield chunk;
    }
    if (doneBytes < sizeBytes) {
      throw toArchiveError(request, `${request.member} has ${doneBytes} bytes, expected ${sizeBytes}`);
    }
  }
  await pipeline(limited, createWriteStream(outPath), { signal }).catch((error: unknown) => {
    throw toStorageError(error);
  });
}

/** Returns MODEL_INVALID about an archive. */
export function toArchiveError({ origin }: MemberRequest, text: string, cause?: unknown): AppError {
  return new AppError("MODEL_INVALID", `The archive of ${origin} cannot be used: ${text}`, { cause });
}
