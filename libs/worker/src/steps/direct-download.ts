import { type Content, type FrameStore, toFileContent } from "@pixelmesh/imaging";
import { type ByteBudget, type ByteShare, toChunks } from "@pixelmesh/rpc";

const mib = 1024 * 1024;
const chunkBytes = mib / 4;
/** Memory of the chunks that are being sent, one of them encoded. */
const sendingBytes = 3 * chunkBytes;
/** Memory for reading a file: the part that is sent and the part that is read ahead. */
const fileBytes = 2 * mib;

/** The encoded result of a direct call while its caller reads it. */
export type DirectDownload = {
  readonly sizeBytes: number;
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  release(): void;
};

/** An encoded result in memory that is charged to the downloads, or in a file. */
export type PlacedContent = { readonly content: Content; readonly share: ByteShare | undefined };

/** Charges content in memory to `downloads`. If it does not fit there, it is moved to a file of the frame store. */
export async function placeContent(
  content: Content,
  frameStore: FrameStore,
  downloads: ByteBudget,
): Promise<PlacedContent> {
  const share = content.isFile ? undefined : downloads.tryTake(content.sizeBytes + sendingBytes);
  if (share || content.isFile) return { content, share };
  return { content: await toFileContent(content, await frameStore.newPath("answer")), share };
}

/** Opens placed content for reading. A file waits for the memory of its reading; throws QUEUE_FULL with RetryInfo if there is none. */
export async function openDownload(
  { content, share: charged }: PlacedContent,
  downloads: ByteBudget,
  signal: AbortSignal,
): Promise<DirectDownload> {
  const share = charged ?? (await downloads.take(fileBytes + sendingBytes, signal));
  return {
    sizeBytes: content.sizeBytes,
    async *chunks() {
      for await (const part of content.parts()) yield* toChunks(part, chunkBytes);
    },
    release: share.release,
  };
}
