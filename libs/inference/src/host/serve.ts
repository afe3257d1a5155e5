import type { Socket } from "node:net";
import { createFrameReader, type FrameReader, type WireFrame, writeFrame } from "../protocol/frames.ts";
import { HostFailure } from "../protocol/host-failure.ts";
import type { HostMessage, HostRequest } from "../protocol/messages.ts";
import { createRequestHandler, type HostReply, toFailed } from "./handle-request.ts";
import { createRunGrants } from "./run-grants.ts";

/**
 * Serves one service over one socket. Resolves once the service has said `bye` or the socket has closed. Requests are handled
 * one after another. A run blocks this process, so the socket is drained before each request: a request that was cancelled
 * meanwhile never begins, and a result has left before the next run starts.
 */
export async function serve(openSocket: (onread: FrameReader) => Socket): Promise<void> {
  const waiting: { request: HostRequest; payload: Uint8Array }[] = [];
  const grants = createRunGrants();
  const handle = createRequestHandler(grants);
  let saidBye = false;
  let closed = false;
  let bytesRead = 0;
  let wake = () => {};

  const send = (reply: HostReply) => writeFrame(socket, reply.response, reply.payload).catch(() => socket.destroy());
  const cancel = (target: number) => {
    const at = waiting.findIndex(({ request }) => request.id === target);
    if (at < 0) return;
    waiting.splice(at, 1);
    void send({ response: toFailed(target, new HostFailure("CANCELLED", "The run was cancelled before it began")) });
  };
  const onBytes = (count: number) => {
    bytesRead += count;
  };
  const onFrame = ({ header, payload }: WireFrame) => {
    const message = header as HostMessage;
    if (message.type === "grant") grants.renew(message.slotId, message.validUntilMs);
    else if (message.type === "endGrant") grants.end(message.slotId);
    else if (message.type === "cancel") cancel(message.target);
    else if (message.type === "bye") saidBye = true;
    else waiting.push({ request: message, payload });
    wake();
  };
  const socket = openSocket(createFrameReader({ onFrame, onBytes }));
  const drain = async () => {
    for (let before = -1; before !== bytesRead; ) {
      before = bytesRead;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    closed = true;
    wake();
  });

  while (!closed) {
    await drain();
    const next = waiting.shift();
    if (next) await send(await handle(next.request, next.payload));
    else if (saidBye) return;
    else if (!closed) await new Promise<void>((resolve) => (wake = resolve));
  }
}
