import { type Channel, ChannelCredentials } from "@grpc/grpc-js";
import { AppError, isAbort } from "@pixelmesh/errors";
import { callInfo, injectTrace, type Metrics, noSpan, openSpan } from "@pixelmesh/telemetry";
import type { CompatServiceDefinition } from "nice-grpc";
import { type Client, createChannel, createClientFactory, waitForChannelReady } from "nice-grpc";
import { type DeadlineOptions, deadlineMiddleware } from "nice-grpc-client-middleware-deadline";
import { type RetryOptions, retryMiddleware } from "nice-grpc-client-middleware-retry";
import { type CallOptions, ClientError, type ClientMiddlewareCall, Metadata, Status } from "nice-grpc-common";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import { createCallDurations } from "../calls/call-durations.ts";
import { isLongLived, isTraced } from "../calls/method-kinds.ts";
import { tenantKey } from "../calls/tenant-key.ts";
import { fromRpcError, statusOf } from "../errors/convert-errors.ts";
import { isServerError } from "../errors/server-fault.ts";
import type { RpcTls } from "../tls.ts";
import { retryRefusedMiddleware } from "./retry-refused.ts";
import { timeoutHeaderMiddleware } from "./timeout-header.ts";

/** Options of a call besides nice-grpc's own. */
export type CallExtras = {
  /** Time for this call in milliseconds, at most the time that the running call has left. Default: the connection's. */
  timeoutMs?: number;
  tenant?: string;
  /** Retries the call while the server does not answer (UNAVAILABLE). Only for idempotent unary calls. */
  repeat?: boolean;
};

/** A typed client. Its calls fail with AppErrors. */
export type RpcClient<Service extends CompatServiceDefinition> = Client<Service, CallExtras>;

/** One connection, shared by the clients of any service. Several addresses behind a name are used in turn. */
export type RpcConnection = {
  readonly address: string;
  client<Service extends CompatServiceDefinition>(definition: Service): RpcClient<Service>;
  readonly channel: Channel;
  close(): void;
};

const serviceConfig = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });

/** Options of a connection. */
export type ConnectOptions = {
  /** Time for a call without a time of its own; default 30 s. */
  readonly timeoutMs?: number | undefined;
  readonly tenant?: string | undefined;
  /** Default: plaintext. */
  readonly tls?: RpcTls | undefined;
  /** Sent with every call. */
  readonly token?: (() => string) | undefined;
  /** Counts the calls. */
  readonly metrics?: Metrics | undefined;
  /** Connect through the HTTP proxy that the environment names (`grpc_proxy`, `https_proxy`, `http_proxy`). Default: false. */
  readonly httpProxy?: boolean | undefined;
};

/** Opens a connection to `host:port` or a `dns:///` name. It connects on first use and reconnects when it is lost. */
export function connectRpc(address: string, options: ConnectOptions = {}): RpcConnection {
  const { tls } = options;
  const channel = createChannel(address, tls?.channel ?? ChannelCredentials.createInsecure(), {
    ...(tls && tls.serverName !== "" ? { "grpc.ssl_target_name_override": tls.serverName } : {}),
    "grpc.service_config": serviceConfig,
    // grpc-js uses the environment's proxy by default, even for loopback addresses.
    "grpc.enable_http_proxy": options.httpProxy ? 1 : 0,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_receive_message_length": 4 * 1024 * 1024 + 64 * 1024,
    "grpc-node.flow_control_window": 4 * 1024 * 1024,
    "grpc.dns_min_time_between_resolutions_ms": 10_000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    // A shared pool would keep the connections of a stopped server.
    "grpc.use_local_subchannel_pool": 1,
  });
  const factory = createClientFactory()
    .use(errorDetailsClientMiddleware)
    .use(retryRefusedMiddleware)
    .use(deadlineMiddleware)
    .use(timeoutHeaderMiddleware)
    .use(retryMiddleware)
    .use(createCallMiddleware(options));
  return {
    address,
    channel,
    client: (definition) => factory.create(definition, channel) as RpcClient<typeof definition>,
    close: () => channel.close(),
  };
}

/** Resolves once the server answers. Throws SERVICE_UNAVAILABLE after `timeoutMs`. */
export async function waitForReady(connection: RpcConnection, timeoutMs: number): Promise<void> {
  try {
    await waitForChannelReady(connection.channel, new Date(Date.now() + timeoutMs));
  } catch (cause) {
    throw new AppError("SERVICE_UNAVAILABLE", `Nothing answers at ${connection.address}`, { cause });
  }
}

/**
 * Propagates trace and tenant, limits the deadline to that of the running call, and converts failures to AppErrors. The deadline
 * is sent as `grpc-timeout`, the remaining time.
 */
function createCallMiddleware({
  timeoutMs: defaultTimeoutMs = 30_000,
  tenant: defaultTenant,
  token,
  metrics,
}: ConnectOptions) {
  const observeDuration = metrics && createCallDurations(metrics, "rpc_client_call_duration_seconds");
  return async function* callMiddleware<Request, Response>(
    call: ClientMiddlewareCall<Request, Response, DeadlineOptions & RetryOptions>,
    { timeoutMs, tenant: ownTenant, repeat, ...options }: CallOptions & CallExtras,
  ) {
    const facts = callInfo();
    const metadata = Metadata(options.metadata);
    const method = call.method.path.slice(1);
    const attributes = { "rpc.system.name": "grpc", "rpc.method": method };
    const span = isTraced(call.method.path) ? openSpan(method, { kind: "client", attributes }) : noSpan;
    injectTrace((name, value) => metadata.set(name, value), span);
    const tenant = ownTenant ?? facts.tenant ?? defaultTenant;
    if (tenant) metadata.set(tenantKey, tenant);

    if (token) metadata.set("authorization", `Bearer ${token()}`);

    const deadlineUnixMs = isLongLived(call.method.path)
      ? undefined
      : Math.min(Date.now() + (timeoutMs ?? defaultTimeoutMs), facts.deadlineUnixMs ?? Number.POSITIVE_INFINITY);

    const startMs = performance.now();
    let code = Status.CANCELLED; // The consumer may stop reading at any time.
    try {
      const response = yield* call.next(call.request, {
        ...options,
        metadata,
        ...(deadlineUnixMs === undefined ? {} : { deadline: new Date(deadlineUnixMs) }),
        ...(repeat
          ? {
              retry: true,
              retryMaxAttempts: 4,
              retryBaseDelayMs: 50,
              retryMaxDelayMs: 1_000,
              retryableStatuses: [Status.UNAVAILABLE],
            }
          : {}),
      }) as AsyncGenerator<Response, Response>;
      code = Status.OK;
      return response;
    } catch (error) {
      if (isAbort(error)) throw error;
      if (error instanceof ClientError) code = error.code;
      const failure = fromRpcError(error);
      if (isServerError(statusOf(failure.reason))) span.fail(failure.reason);
      else span.set({ "error.type": failure.reason });
      throw failure;
    } finally {
      span.end();
      observeDuration?.(call.method.path, code, (performance.now() - startMs) / 1000);
    }
  };
}
