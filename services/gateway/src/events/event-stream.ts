import type { OutgoingHttpHeaders } from "node:http";
import { AppError } from "@pixelmesh/errors";
import type { FastifyReply } from "fastify";
import { drained } from "../outputs/send-bytes.ts";

/** One event of a stream (HTML standard, 9.2). */
export type ServerEvent = { readonly event: string; readonly id?: string; readonly data: unknown };

/** An open event stream. */
export type EventStream = {
  /** Sends an event, and resolves when the caller has taken it. */
  send(event: ServerEvent): Promise<void>;
  /** Ends the stream. Without `event: end` before, the caller connects again. */
  close(): void;
};

/** All open event streams of this process. */
export type EventStreams = {
  /** Opens a stream in a response. Throws QUEUE_FULL if there are as many as allowed. */
  open(reply: FastifyReply): EventStream;
  readonly count: number;
  /** Ends all streams with a hint to connect again, at times that differ. Later ones are refused. */
  drain(): void;
};

/** Options of event streams. */
export type EventStreamOptions = {
  readonly maxStreams: number;
  /** Pause after which a comment is sent. */
  readonly heartbeatMs: number;
  /** How long a caller may take nothing before it loses its connection. */
  readonly stallMs: number;
};

/** How long callers wait before they connect again after a cut connection. */
const retryMs = 1_000;
/** Callers of a stopping gateway connect again within this time, each at another moment. */
const spreadMs = 3_000;

/** Creates the event streams of a process. */
export function createEventStreams({ maxStreams, heartbeatMs, stallMs }: EventStreamOptions): EventStreams {
  const open = new Set<() => void>();
  let isDraining = false;
  return {
    get count() {
      return open.size;
    },
    open(reply) {
      if (isDraining) throw new AppError("STOPPING", "This replica is stopping", { retryAfterMs: 500 });
      if (open.size >= maxStreams)
        throw new AppError("QUEUE_FULL", `Expected at most ${maxStreams} open event streams, got more`, {
          retryAfterMs: 5_000,
        });
      const { raw } = reply;
      reply.headers({ "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" });
      reply.hijack();
      raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
      raw.write(`retry: ${retryMs}\n\n`);
      let lastMs = performance.now();
      const timer = setInterval(() => {
        // A caller that takes nothing gets no further bytes; `send` ends it after a while.
        if (performance.now() - lastMs >= heartbeatMs / 2 && !raw.writableNeedDrain) raw.write(":\n\n");
        else if (raw.writableNeedDrain && performance.now() - lastMs > stallMs + heartbeatMs) raw.destroy();
      }, heartbeatMs);
      const sendAway = () => {
        raw.end(`retry: ${200 + Math.round(Math.random() * spreadMs)}\nevent: reconnect\ndata: {}\n\n`);
      };
      open.add(sendAway);
      raw.once("close", () => {
        open.delete(sendAway);
        clearInterval(timer);
      });
      return {
        async send({ event, id, data }) {
          if (raw.writableEnded || raw.destroyed) return;
          lastMs = performance.now();
          const idLine = id === undefined ? "" : `id: ${id}\n`;
          if (raw.write(`event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`)) return;
          await drained(reply, stallMs).catch(() => raw.destroy());
        },
        close: () => raw.end(),
      };
    },
    drain() {
      isDraining = true;
      for (const sendAway of open) sendAway();
    },
  };
}
