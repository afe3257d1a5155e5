import { readFileSync } from "node:fs";
import type { ServerOptions } from "@grpc/grpc-js";
import { descriptorSetUrl } from "@pixelmesh/proto";
import type { Logger, Metrics } from "@pixelmesh/telemetry";
import { createServer, type Server } from "nice-grpc";
import { errorDetailsServerMiddleware } from "nice-grpc-error-details";
import { ServerReflection, ServerReflectionService } from "nice-grpc-server-reflection";
import { type CallLimits, createCallLimits } from "./call-limits.ts";
import type { Health } from "./health.ts";
import { createAuthorizeMiddleware, type TokenCheck } from "./middleware/authorize.ts";
import { createDeadlineMiddleware } from "./middleware/deadline.ts";
import { createLimitMetadataMiddleware } from "./middleware/limit-metadata.ts";
import { createMapErrorsMiddleware } from "./middleware/map-errors.ts";
import { createObserveMiddleware } from "./middleware/observe.ts";
import { traceMiddleware } from "./middleware/trace.ts";
import { createRefusals, maxMessageBytes } from "./refusals.ts";
import { remainingTime } from "./remaining-time.ts";
import type { RpcTls } from "./tls.ts";

/** How a server is opened. */
export type RpcServerOptions = {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** Full names of the services registered, for reflection. */
  readonly serviceNames: readonly string[];
  /** Adds the service implementations. */
  readonly register: (server: Server) => void;
  /** Longest deadline any call gets; default 15 min. */
  readonly maxDeadlineMs?: number;
  /** Default: plaintext. */
  readonly tls?: RpcTls | undefined;
  /** Whom to let in; default: everybody. Health is always answered. */
  readonly tokens?: TokenCheck | undefined;
  /** Methods of which only so many calls may be open at once; default: no method has a bound. */
  readonly callLimits?: CallLimits;
  /** Age at which a connection takes no further calls, so that clients look for new replicas; ±10 %, default 5 min. */
  readonly maxConnectionAgeMs?: number;
};

/** A listening server. */
export type RpcServer = {
  readonly address: string;
  readonly port: number;
  /** Not ready, endless calls ended, running ones waited for until `graceMs`, the rest cancelled. */
  stop(graceMs: number): Promise<void>;
};

/** Opens a gRPC server with everything each of ours has: trace, metrics, log, typed errors, deadlines, health, reflection. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { host, log, metrics, health } = options;
  const stopping = new AbortController();
  const channelOptions: ServerOptions = {
    interceptors: [
      createRefusals(log, metrics),
      ...(options.callLimits ? [createCallLimits(options.callLimits, metrics)] : []),
      remainingTime,
    ],
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": 1024,
    "grpc.max_connection_age_ms": options.maxConnectionAgeMs ?? 300_000,
    "grpc.keepalive_time_ms": 60_000,
  };
  const open = createServer(channelOptions)
    .use(traceMiddleware)
    .use(createObserveMiddleware(log, metrics))
    .use(errorDetailsServerMiddleware)
    .use(createMapErrorsMiddleware(log))
    .use(createLimitMetadataMiddleware(metrics));
  const guarded = options.tokens ? open.use(createAuthorizeMiddleware(options.tokens, metrics)) : open;
  const server = guarded.use(createDeadlineMiddleware(options.maxDeadlineMs ?? 15 * 60_000, stopping.signal));
  options.register(server as Server);
  server.add(health.definition, health.implementation);
  server.add(ServerReflectionService, ServerReflection(readFileSync(descriptorSetUrl), options.serviceNames));
  const port = await server.listen(`${host}:${options.port}`, options.tls?.server);

  return {
    address: `${host}:${port}`,
    port,
    async stop(graceMs) {
      health.setStopping();
      stopping.abort();
      const timer = setTimeout(() => server.forceShutdown(), graceMs);
      await server.shutdown();
      clearTimeout(timer);
    },
  };
}
