import { announceService, type Bus, connectBus, type OnWrite, provision } from "@pixelmesh/bus";
import { type Lifecycle, startIdleCollection } from "@pixelmesh/lifecycle";
import { version as packageVersion } from "@pixelmesh/roles";
import {
  connectRpc,
  createHealth,
  type Health,
  type RpcConnection,
  type RpcServer,
  type RpcServerOptions,
  type RpcTls,
  startRpcServer,
} from "@pixelmesh/rpc";
import { createMetrics, type Logger, type Metrics, startMetricsServer, startTracing } from "@pixelmesh/telemetry";
import type { ServiceConfig } from "./fields.ts";
import { openTls } from "./open-tls.ts";

/** The parts that every service process has open. */
export type ServiceBase = {
  readonly service: string;
  /** `<service>-<instance>`: the name of this process in events, logs and results. */
  readonly worker: string;
  readonly config: ServiceConfig;
  readonly life: Lifecycle;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly metricsUrl: string;
  readonly health: Health;
  readonly healthAddress: string;
  readonly bus: Bus;
  /** TLS between services; undefined: plaintext. */
  readonly tls: RpcTls | undefined;
  /** Connects to another service, with TLS if it is set. Calls are counted in the metrics. */
  connect(address: string): RpcConnection;
};

/** Options that only tests use. */
export type OpenOptions = {
  /** Awaited before every durable write of the process. */
  readonly onWrite?: OnWrite;
};

/** Opens metrics page, health server and broker connection; the lifecycle closes them. The process is not ready before `announceReady`. */
export async function openBase(
  service: string,
  config: ServiceConfig,
  life: Lifecycle,
  log: Logger,
  { onWrite }: OpenOptions = {},
): Promise<ServiceBase> {
  const version = versionOf(config);
  const tracing = await startTracing({
    service,
    version,
    instance: config.instance,
    endpoint: config.tracesEndpoint,
    ratio: config.tracesKeptRatio,
    perSecond: config.tracesPerSecond,
    sendEveryMs: config.tracesSendEveryMs,
  });
  life.defer("traces", tracing.close);
  const metrics = createMetrics(service, version, config.memoryLimitBytes);
  const metricsServer = await startMetricsServer(metrics, { host: config.host, port: config.metricsPort });
  life.defer("metrics page", metricsServer.close);

  life.defer("idle collection", startIdleCollection({ log }));

  const tls = openTls(config, life, log, metrics);

  const health = createHealth(config.maxHealthWatches);
  life.defer("health state", health.close);
  const healthServer = await startRpcServer({
    host: config.host,
    port: config.healthPort,
    log,
    metrics,
    health,
    stallMs: config.stallTimeoutMs,
    serviceNames: [],
    // Callers of the health server send no token, so it offers no reflection.
    isReflected: false,
    register() {},
  });
  life.defer("health server", () => healthServer.stop(500));

  const worker = `${service}-${config.instance}`;
  const bus = await connectBus({
    ...config,
    name: worker,
    log,
    metrics,
    // A service that starts while the broker is away waits for it without limit and is not ready.
    connectTimeoutMs: Number.POSITIVE_INFINITY,
    ...(onWrite ? { onWrite } : {}),
    onState: (connected) => health.setNeed("broker", connected),
  });
  life.defer("broker connection", bus.close);
  await provision(bus, Number.POSITIVE_INFINITY);
  return {
    service,
    worker,
    config,
    life,
    log,
    metrics,
    metricsUrl: withHost(metricsServer.url, config),
    health,
    healthAddress: `${config.advertisedHost}:${healthServer.port}`,
    bus,
    tls,
    connect: (address) => connectRpc(address, { tls, metrics, httpProxy: config.rpcHttpProxy }),
  };
}

/** Opens the gRPC server of the service; the lifecycle closes it within the configured grace. */
export async function openRpc(
  { config, life, log, metrics, health, tls }: ServiceBase,
  options: Pick<RpcServerOptions, "serviceNames" | "register" | "tokens" | "callLimits" | "uploads">,
): Promise<RpcServer> {
  const { host, grpcPort: port, maxConnectionAgeMs, stallTimeoutMs: stallMs } = config;
  const rpc = await startRpcServer({ host, port, log, metrics, health, tls, maxConnectionAgeMs, stallMs, ...options });
  life.defer("rpc server", () => rpc.stop(config.stopGraceMs), config.stopGraceMs + 1_000);
  return rpc;
}

/** The last step of starting: lists the process in the bucket `services` and reports it as serving. */
export async function announceReady(base: ServiceBase, rpc: RpcServer): Promise<void> {
  const { service, config, life, log, health, bus, metricsUrl, healthAddress } = base;
  const version = versionOf(config);
  const grpcAddress = `${config.advertisedHost}:${rpc.port}`;
  const leave = await announceService(bus, {
    service,
    instance: config.instance,
    version,
    grpcAddress,
    healthAddress,
    metricsUrl,
  });
  life.defer("announcement", leave, 2_000);
  health.setStarted();
  life.defer("readiness", health.setStopping);
  log.info({ grpcAddress, healthAddress, metricsUrl, version }, "ready");
}

function versionOf({ versionLabel }: ServiceConfig): string {
  return versionLabel === "" ? packageVersion : versionLabel;
}

function withHost(url: string, { host, advertisedHost }: ServiceConfig): string {
  return url.replace(`//${host}:`, `//${advertisedHost}:`);
}
