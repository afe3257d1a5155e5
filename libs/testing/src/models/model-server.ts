import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";

/** A request that the server received. */
export type ReceivedRequest = { readonly path: string; readonly range: string; readonly ifRange: string };

/** Responds to a request; `next` is its number, from 0. */
export type Responder = (request: IncomingMessage, response: ServerResponse, next: number) => void;

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Starts a real HTTP server on loopback. It is closed, with its connections, at the end of its block. */
export async function startModelServer(respond: Responder) {
  const seen: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const { range = "", "if-range": ifRange = "" } = request.headers;
    seen.push({ path: request.url ?? "", range, ifRange: String(ifRange) });
    respond(request, response, seen.length - 1);
  });
  const port = await listen(server);
  return {
    seen,
    url: (path: string) => `http://127.0.0.1:${port}${path}`,
    port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Serves a file, with range requests. */
export function serveFile(bytes: Uint8Array, etag = '"one"'): Responder {
  return (request, response) => {
    const { start, head } = toPart(request, bytes, etag);
    if (start >= bytes.length) response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    else response.writeHead(start > 0 ? 206 : 200, head).end(bytes.subarray(start));
  };
}

/** Sends only `count` bytes of the announced response and breaks the connection. */
export function serveCut(bytes: Uint8Array, count: number, etag = '"one"'): Responder {
  return (request, response) => {
    const { start, head } = toPart(request, bytes, etag);
    response.writeHead(start > 0 ? 206 : 200, head);
    response.write(bytes.subarray(start, start + count), () => setTimeout(() => response.destroy(), 20));
  };
}

function toPart(request: IncomingMessage, bytes: Uint8Array, etag: string) {
  const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const same = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
  const start = same ? asked : 0;
  const range = start > 0 ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
  const head = { "content-length": bytes.length - start, ...(etag === "" ? {} : { etag }), ...range };
  return { start, head };
}

/** Starts a proxy for plain requests and tunnels that records its requests. */
export async function startProxy() {
  const seen: string[] = [];
  const open = new Set<Duplex>();
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    const target = URL.parse(request.url ?? "");
    if (target === null) return void response.writeHead(400).end();
    const upstream = connect(Number(target.port), target.hostname, () => {
      const lines = [`GET ${target.pathname} HTTP/1.1`, `host: ${target.host}`, "connection: close", "", ""];
      upstream.write(lines.join("\r\n"));
    });
    upstream.pipe(response.socket as Duplex);
  });
  server.on("connect", (request, socket: Duplex) => {
    seen.push(`CONNECT ${request.url}`);
    const [host = "", port] = (request.url ?? "").split(":");
    const upstream = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    for (const each of [socket, upstream]) open.add(each.on("error", () => {}));
  });
  const port = await listen(server);
  return {
    seen,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
