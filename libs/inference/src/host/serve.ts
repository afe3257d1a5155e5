import type { Socket } from "node:net";
import { createFrameReader, type FrameReader, type WireFrame, writeFrame } from "../protocol/frames.ts";
import { HostFailure } from "../protocol/host-failure.ts";
import type { ToHost } from "../protocol/messages.ts";
import { createGrants } from "./grants.ts";
import { createCommands, type Reply, type Request, toFailed } from "./handle-request.ts";

/**
 * Serves one service over one socket until it says `bye` or the socket closes; resolves then. Requests are worked on one
 * after another. A run blocks this process, so the socket is drained before each: what was cancelled meanwhile never
 * begins, and a result has left before the next run starts.
 */
export async function serve(openSocket: (onread: FrameReader) => Socket): Promise<void> {
  const waiting: { request: Request; payload: Uint8Array }[] = [];
  const grants = createGrants();
  const perform = createCommands(grants);
  let saidBye = false;
  let closed = false;
  let bytesRead = 0;
  let wake = () => {};

  const send = (reply: Reply) => writeFrame(socket, reply.answer, reply.payload).catch(() => socket.destroy());
  const cancel = (target: number) => {
    const at = waiting.findIndex(({ request }) => request.id === target);
    if (at < 0) return;
    waiting.splice(at, 1);
    void send({ answer: toFailed(target, new HostFailure("CANCELLED", "The run was cancelled before it began")) });
  };
  const onBytes = (count: number) => {
    bytesRead += count;
  };
  const onFrame = ({ header, payload }: WireFrame) => {
    const message = header as ToHost;
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
    if (next) await send(await perform(next.request, next.payload));
    else if (saidBye) return;
    else if (!closed) await new Promise<void>((resolve) => (wake = resolve));
  }
}
