import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { StorageServiceDefinition } from "@pixelmesh/proto";
import { expect, onTestFinished, test, vi } from "vitest";
import { connectRpc } from "../src/index.ts";
import { startFakeStorage } from "./fake-storage.ts";

/** A real HTTP proxy that forwards CONNECT and counts the connections made to it. */
async function startCountingProxy() {
  const counts = { connections: 0, tunnels: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.writeHead(502).end());
  server.on("connection", (socket: Socket) => {
    counts.connections += 1;
    sockets.add(socket);
  });
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    counts.tunnels += 1;
    const [host = "", port] = (request.url ?? "").split(":");
    const far = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      far.pipe(socket).pipe(far);
    });
    sockets.add(far);
    for (const end of [far, socket]) end.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { counts, url: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}

const variables = [
  ["grpc_proxy"],
  ["http_proxy"],
  ["https_proxy"],
  ["HTTP_PROXY"],
  ["HTTPS_PROXY"],
  ["all_proxy"],
  ["ALL_PROXY"],
  ["http_proxy", "https_proxy", "grpc_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"],
];

function stubOnly(names: readonly string[], url: string): void {
  onTestFinished(() => void vi.unstubAllEnvs());
  for (const name of ["no_proxy", "NO_PROXY", "no_grpc_proxy"]) vi.stubEnv(name, "");
  for (const name of variables.flat()) vi.stubEnv(name, names.includes(name) ? url : "");
}

async function callOnce(host: string, httpProxy?: boolean) {
  const { server } = await startFakeStorage({ statBlob: async () => ({ keepUntilUnixMs: 7 }) });
  const connection = connectRpc(`${host}:${server.port}`, { httpProxy });
  onTestFinished(connection.close);
  return connection.client(StorageServiceDefinition).statBlob({ sha256: "x" }, { timeoutMs: 10_000 });
}

test.each(variables)("a call reaches the server without the proxy of %s", async (...names) => {
  const { url, counts } = await startCountingProxy();
  stubOnly(names, url);
  for (const host of ["127.0.0.1", "localhost", "dns:///localhost"])
    expect(await callOnce(host)).toMatchObject({ keepUntilUnixMs: 7 });
  expect(counts).toEqual({ connections: 0, tunnels: 0 });
});

test("a proxy that does not answer is not used", async () => {
  stubOnly(["http_proxy", "https_proxy", "grpc_proxy"], "http://127.0.0.1:9");
  expect(await callOnce("127.0.0.1")).toMatchObject({ keepUntilUnixMs: 7 });
});

test.each(["grpc_proxy", "http_proxy", "https_proxy"])("with `httpProxy` calls tunnel through %s", async (name) => {
  const { url, counts } = await startCountingProxy();
  stubOnly([name], url);
  expect(await callOnce("127.0.0.1", true)).toMatchObject({ keepUntilUnixMs: 7 });
  expect(counts).toEqual({ connections: 1, tunnels: 1 });
});
