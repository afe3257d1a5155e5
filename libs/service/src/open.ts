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
import type { ProcessConfig, ServiceConfig } from "./fields.ts";
import { openTls } from "./open-tls.ts";
import { toTraceSettings } from "./trace-fields.ts";

/** The parts that every process of the mesh has open. */
export type ProcessBase = {
  readonly service: string;
  /** `<service>-<instance>`: the name of this process in events, logs and results. */
  readonly worker: string;
  readonly config: ProcessConfig;
  readonly life: Lifecycle;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly metricsUrl: string;
  readonly health: Health;
  readonly healthAddress: string;
  /** TLS between services; undefined: plaintext. */
  readonly tls: RpcTls | undefined;
  /** Connects to another service, with TLS if it is set. Calls are counted in the metrics. */
  connect(address: string): RpcConnection;
};

/** The parts that every process with a broker connection has open. */
export type ServiceBase = ProcessBase & { readonly config: ServiceConfig; readonly bus: Bus };

/** Options that only tests use. */
export type OpenOptions = {
  /** Awaited before every durable write of the process. */
  readonly onWrite?: OnWrite;
};

/** Opens what `openProcess` opens, and the broker connection; the lifecycle closes them. The process is not ready before `announceReady`. */
export async function openBase(
  service: string,
  config: ServiceConfig,
  life: Lifecycle,
  log: Logger,
  { onWrite }: OpenOptions = {},
): Promise<ServiceBase> {
  const base = await openProcess(service, config, life, log);
  const { worker, metrics, health } = base;
  // Not ready, yet no reason for a restart (see `startup` of Health).
  for (const need of ["broker", "streams"]) health.setNeed(need, false);
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
  health.setNeed("streams", true);
  return { ...base, config, bus };
}

/** Opens traces, metrics page and health server of a process; the lifecycle closes them. The process is not ready before `setStarted` of its health. */
export async function openProcess(
  service: string,
  config: ProcessConfig,
  life: Lifecycle,
  log: Logger,
): Promise<ProcessBase> {
  const version = versionOf(config);
  const metrics = createMetrics(service, version, config.memoryLimitBytes);
  const tracing = await startTracing({
    service,
    version,
    instance: config.instance,
    settings: toTraceSettings(config),
    log,
    onLost: (reason, spans) => metrics.count("pixelmesh_trace_spans_lost_total", { reason }, spans),
  });
  life.defer("traces", tracing.close);
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

  return {
    service,
    worker: `${service}-${config.instance}`,
    config,
    life,
    log,
    metrics,
    metricsUrl: withHost(metricsServer.url, config),
    health,
    healthAddress: `${config.advertisedHost}:${healthServer.port}`,
    tls,
    connect: (address) => connectRpc(address, { tls, metrics, httpProxy: config.rpcHttpProxy }),
  };
}

/** Opens the gRPC server of the service; the lifecycle closes it within the configured grace. */
export async function openRpc(
  { config, life, log, metrics, health, tls }: ServiceBase,
  options: Pick<
    RpcServerOptions,
    "serviceNames" | "register" | "tokens" | "callLimits" | "uploads" | "limitedReadAhead"
  >,
): Promise<RpcServer> {
  const { host, apiPort: port, maxConnectionAgeMs, stallTimeoutMs: stallMs } = config;
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

function versionOf({ versionLabel }: ProcessConfig): string {
  return versionLabel === "" ? packageVersion : versionLabel;
}

function withHost(url: string, { host, advertisedHost }: ProcessConfig): string {
  return url.replace(`//${host}:`, `//${advertisedHost}:`);
}
