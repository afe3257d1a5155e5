import { type Channel, ChannelCredentials } from "@grpc/grpc-js";
import { AppError } from "@pixelmesh/errors";
import type { CompatServiceDefinition } from "nice-grpc";
import { type Client, createChannel, createClientFactory, waitForChannelReady } from "nice-grpc";
import { type DeadlineOptions, deadlineMiddleware } from "nice-grpc-client-middleware-deadline";
import { type CallOptions, type ClientMiddlewareCall, Metadata } from "nice-grpc-common";
import { errorDetailsClientMiddleware } from "nice-grpc-error-details";
import type { RpcTls } from "../tls.ts";
import { withQuickChunks } from "../transfer/chunk-messages.ts";
import { type CallDefaults, createOpenCall, type OpenCall } from "./call-scope.ts";
import { retryRefusedMiddleware } from "./retry-refused.ts";
import { timeoutHeaderMiddleware } from "./timeout-header.ts";
import { createUnaryMethods } from "./unary-client.ts";

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
export type ConnectOptions = CallDefaults & {
  /** Default: plaintext. */
  readonly tls?: RpcTls | undefined;
  /** Connect through the HTTP proxy that the environment names (`grpc_proxy`, `https_proxy`, `http_proxy`). Default: false. */
  readonly httpProxy?: boolean | undefined;
  /** Bytes of one response stream that may arrive before they are read; default 4 MiB. */
  readonly streamWindowBytes?: number | undefined;
};

/** Opens a connection to `host:port` or a `dns:///` name. It connects on first use and reconnects when it is lost. */
export function connectRpc(address: string, options: ConnectOptions = {}): RpcConnection {
  const { tls, streamWindowBytes = 4 * 1024 * 1024 } = options;
  const channel = createChannel(address, tls?.channel ?? ChannelCredentials.createInsecure(), {
    ...(tls && tls.serverName !== "" ? { "grpc.ssl_target_name_override": tls.serverName } : {}),
    "grpc.service_config": serviceConfig,
    // grpc-js uses the environment's proxy by default, even for loopback addresses.
    "grpc.enable_http_proxy": options.httpProxy ? 1 : 0,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_receive_message_length": 4 * 1024 * 1024 + 64 * 1024,
    "grpc-node.flow_control_window": streamWindowBytes,
    "grpc.dns_min_time_between_resolutions_ms": 10_000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
    // grpc-js's own counts of calls and messages, which nothing reads.
    "grpc.enable_channelz": 0,
    // A shared pool would keep the connections of a stopped server.
    "grpc.use_local_subchannel_pool": 1,
  });
  const openCall = createOpenCall(address, options);
  const streams = createClientFactory()
    .use(errorDetailsClientMiddleware)
    .use(retryRefusedMiddleware)
    .use(deadlineMiddleware)
    .use(timeoutHeaderMiddleware)
    .use(createCallMiddleware(openCall));
  return {
    address,
    channel,
    client: (definition) =>
      ({
        ...streams.create(withQuickChunks(definition), channel),
        ...createUnaryMethods(definition, channel, openCall),
      }) as RpcClient<typeof definition>,
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

/** Opens a scope around each streaming call. The deadline is sent as `grpc-timeout`, the remaining time. */
function createCallMiddleware(openCall: OpenCall) {
  return async function* callMiddleware<Request, Response>(
    call: ClientMiddlewareCall<Request, Response, DeadlineOptions>,
    { timeoutMs, tenant, repeat: _, ...options }: CallOptions & CallExtras,
  ) {
    const scope = openCall(call.method.path, { timeoutMs, tenant });
    const metadata = Metadata(options.metadata);
    scope.addHeaders((name, value) => metadata.set(name, value));
    const { deadlineUnixMs } = scope;
    try {
      const response = yield* call.next(call.request, {
        ...options,
        metadata,
        ...(deadlineUnixMs === undefined ? {} : { deadline: new Date(deadlineUnixMs) }),
      }) as AsyncGenerator<Response, Response>;
      scope.succeed();
      return response;
    } catch (error) {
      throw scope.fail(error);
    } finally {
      scope.end();
    }
  };
}
