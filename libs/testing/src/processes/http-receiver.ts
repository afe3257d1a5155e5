import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that arrived whole. */
export type ReceivedCall = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

/** Answers a request; `next` is its number, from 0. Without a call of `response` the sender waits. */
export type AnswerCall = (call: ReceivedCall, response: ServerResponse, next: number) => void;

/** A real HTTP server on loopback that records its requests. `respond` may be replaced. */
export type HttpReceiver = AsyncDisposable & {
  readonly calls: readonly ReceivedCall[];
  readonly port: number;
  /** `127.0.0.1:<port>` */
  readonly host: string;
  url(path: string): string;
  respond: AnswerCall;
};

/** Starts a receiver. It is closed, with its connections, at the end of its block. */
export async function startHttpReceiver(respond: AnswerCall): Promise<HttpReceiver> {
  const calls: ReceivedCall[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => {});
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const call = { path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) };
    calls.push(call);
    receiver.respond(call, response, calls.length - 1);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const receiver: HttpReceiver = {
    calls,
    port,
    host: `127.0.0.1:${port}`,
    url: (path) => `http://127.0.0.1:${port}${path}`,
    respond,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
