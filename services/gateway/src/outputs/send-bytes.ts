import { once } from "node:events";
import type { OutgoingHttpHeaders } from "node:http";
import { AppError } from "@pixelmesh/errors";
import type { ByteBudget } from "@pixelmesh/rpc";
import type { FastifyReply } from "fastify";

/** How responses with bytes are sent. */
export type SendOptions = {
  /** Charged with the memory that a response may hold while its reader is slow. */
  readonly downloads: ByteBudget;
  /** How long a reader may take nothing. */
  readonly stallMs: number;
  /** Counts sent bytes. */
  readonly onSent: (bytes: number) => void;
};

/** Memory that one response may hold: what gRPC reads ahead, and what Node has not sent yet. */
export const bytesPerResponse = 1536 * 1024;

/**
 * Sends exactly `length` bytes of the chunks after the head that was set on `reply`. Reads the next chunk only when the reader has taken the previous one.
 * A reader that takes nothing for `stallMs` loses its connection; so does one whose bytes end early, so that it does not take them for the whole.
 * Throws QUEUE_FULL before the head is sent if too many responses are in progress.
 */
export async function sendBytes(
  reply: FastifyReply,
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  length: number,
  { downloads, stallMs, onSent }: SendOptions,
): Promise<FastifyReply> {
  const share = downloads.open();
  const { raw } = reply;
  let left = length;
  try {
    share.grow(bytesPerResponse);
    reply.hijack();
    raw.writeHead(reply.statusCode, { ...reply.getHeaders(), "content-length": length } as OutgoingHttpHeaders);
    for await (const chunk of chunks) {
      if (raw.destroyed || left <= 0) break;
      const bytes = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= bytes.length;
      onSent(bytes.length);
      if (!raw.write(bytes)) await drained(reply, stallMs);
    }
    if (left > 0) raw.destroy();
    else raw.end();
  } catch (error) {
    if (!reply.sent) throw error;
    raw.destroy(error instanceof Error ? error : undefined);
  } finally {
    await chunks.return();
    share.release();
  }
  return reply;
}

/** Resolves when the reader has taken what was written, or has left. Throws DEADLINE_EXCEEDED after `stallMs`. */
export async function drained({ raw }: Pick<FastifyReply, "raw">, stallMs: number): Promise<void> {
  if (raw.destroyed || !raw.writableNeedDrain) return;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new AppError("DEADLINE_EXCEEDED", "The reader took nothing")), stallMs);
  try {
    await Promise.race([once(raw, "drain", { signal: over.signal }), once(raw, "close", { signal: over.signal })]);
  } catch {
    if (over.signal.aborted) throw over.signal.reason;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}
