import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";

// An import of node:http would also load fetch and WebSocket, which no service uses: 20 ms of each start.
const { createServer } = process.getBuiltinModule("node:http");

/** A running HTTP server of the metrics page. */
export type MetricsServer = { readonly url: string; close(): Promise<void> };

/** Serves `/metrics`. Port 0 takes a free port, which `url` then names. */
export async function startMetricsServer(
  metrics: Metrics,
  options: { readonly host: string; readonly port: number },
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    metrics.page(request.headers.accept).then(
      ({ text, contentType }) => response.writeHead(200, { "content-type": contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.requestTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
