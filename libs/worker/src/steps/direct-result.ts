import { type Content, type Room, toFileContent } from "@pixelmesh/imaging";
import { type ByteBudget, type ByteShare, toChunks } from "@pixelmesh/rpc";

const mib = 1024 * 1024;
const chunkBytes = mib / 4;
/** Chunks on their way out, one of them encoded. */
const sendingBytes = 3 * chunkBytes;
/** A part of a file that is sent and the one that is read ahead. */
const fileBytes = 2 * mib;

/** The encoded result of a direct call while its caller reads it. */
export type HeldAnswer = {
  readonly sizeBytes: number;
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  release(): void;
};

/** An answer that lies where it can be kept: in memory that is charged, or in a file. */
export type PlacedAnswer = { readonly content: Content; readonly share: ByteShare | undefined };

/** Charges an answer in memory to `downloads`; one that does not fit there moves to a file of the room. */
export async function placeAnswer(content: Content, room: Room, downloads: ByteBudget): Promise<PlacedAnswer> {
  const share = content.isFile ? undefined : downloads.tryTake(content.sizeBytes + sendingBytes);
  if (share || content.isFile) return { content, share };
  return { content: await toFileContent(content, await room.newPath("answer")), share };
}

/**
 * Lets an answer be read. One in a file waits for the little memory that reading it takes: QUEUE_FULL with RetryInfo where that
 * is not to be had.
 */
export async function holdAnswer(
  { content, share: charged }: PlacedAnswer,
  downloads: ByteBudget,
  signal: AbortSignal,
): Promise<HeldAnswer> {
  const share = charged ?? (await downloads.take(fileBytes + sendingBytes, signal));
  return {
    sizeBytes: content.sizeBytes,
    async *chunks() {
      for await (const part of content.parts()) yield* toChunks(part, chunkBytes);
    },
    release: share.release,
  };
}
