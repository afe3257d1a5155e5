import type { Lifecycle } from "@pixelmesh/lifecycle";
import { connectRpc, type RpcConnection, waitForReady } from "@pixelmesh/rpc";
import { openProcess, openTransfers, type ProcessBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import type { GatewayConfig } from "./config.ts";
import { createJobView } from "./domain/job-view.ts";
import { createTraceUrl } from "./domain/trace-url.ts";
import { createEventStreams } from "./events/event-stream.ts";
import { openHttp } from "./http/open-http.ts";
import { allRoutes } from "./routes/all-routes.ts";
import { createIngestClients } from "./rpc/ingest-clients.ts";

/** How long each wait for ingest at the start may take before the next begins. */
const ingestWaitMs = 10_000;
/** Bytes of one response of ingest that may arrive before they are passed on. */
const streamWindowBytes = 1024 * 1024;

/** Starts the gateway: HTTP in front of ingest. It is ready once ingest has answered. */
export async function startGateway(
  config: GatewayConfig,
  life: Lifecycle,
  log: Logger,
): Promise<{ readonly base: ProcessBase; readonly port: number }> {
  const base = await openProcess("gateway", config, life, log);
  const { metrics } = base;
  const connection = connectIngest(base, config);
  const transfers = openTransfers(config);
  const streams = createEventStreams({
    maxStreams: config.maxEventStreams,
    heartbeatMs: config.heartbeatMs,
    stallMs: config.stallTimeoutMs,
  });
  life.defer(
    "event metrics",
    metrics.onPage(() => metrics.set("pixelmesh_gateway_event_streams", {}, streams.count)),
  );
  const routes = allRoutes({
    clients: createIngestClients(connection),
    ingestAddress: config.ingestAddress,
    streams,
    toJobJson: createJobView(createTraceUrl(config.traceUrl)),
    uploads: transfers.uploads,
    limits: {
      maxBytes: config.bodyMaxBytes,
      stallMs: config.stallTimeoutMs,
      onRead: (bytes) => metrics.count("pixelmesh_gateway_received_bytes_total", {}, bytes),
    },
    send: {
      downloads: transfers.downloads,
      stallMs: config.stallTimeoutMs,
      onSent: (bytes) => metrics.count("pixelmesh_gateway_sent_bytes_total", {}, bytes),
    },
    maxWaitMs: config.maxWaitMs,
  });
  const http = await openHttp({ config, log, metrics, routes });
  life.defer("http server", () => http.stop(config.stopGraceMs), config.stopGraceMs + 1_000);
  life.defer("event streams", streams.drain);
  await waitForIngest(connection, life.signal);
  base.health.setStarted();
  life.defer("readiness", base.health.setStopping);
  const httpAddress = `${config.advertisedHost}:${http.port}`;
  log.info({ httpAddress, healthAddress: base.healthAddress, metricsUrl: base.metricsUrl }, "ready");
  return { base, port: http.port };
}

/** Connects to ingest. Its responses are read ahead less than by other services, because readers of HTTP may be slow. */
function connectIngest({ tls, metrics, life }: ProcessBase, config: GatewayConfig): RpcConnection {
  const httpProxy = config.rpcHttpProxy;
  const connection = connectRpc(config.ingestAddress, { tls, metrics, httpProxy, streamWindowBytes });
  life.defer("ingest connection", connection.close);
  return connection;
}

/** Resolves when ingest answers, or when the process stops. */
async function waitForIngest(connection: RpcConnection, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const answers = await waitForReady(connection, ingestWaitMs).then(
      () => true,
      () => false,
    );
    if (answers) return;
  }
}
