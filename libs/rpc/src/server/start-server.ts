import type { ServerInterceptingCall, ServerInterceptor, ServerOptions } from "@grpc/grpc-js";
import type { Logger, Metrics } from "@pixelmesh/telemetry";
import { createServer, type Server } from "nice-grpc";
import { rawPathsOf } from "../forward/raw-service.ts";
import { limitUnreadResponses } from "../limits/backpressure.ts";
import { boundReceiving } from "../limits/bound-receiving.ts";
import { boundRequests } from "../limits/bound-requests.ts";
import { type ByteBudget, createByteBudget } from "../limits/byte-budget.ts";
import { type CallLimits, createCallLimits } from "../limits/call-limits.ts";
import { decompressInTurn } from "../limits/decompress-in-turn.ts";
import { limitReadAhead } from "../limits/read-ahead.ts";
import type { RpcTls } from "../tls.ts";
import { withQuickChunks } from "../transfer/chunk-messages.ts";
import { explainRefusals, maxMessageBytes } from "./explain-refusals.ts";
import type { Health } from "./health.ts";
import { addReflection } from "./reflection.ts";
import { passRemainingTime } from "./remaining-time.ts";
import { createServeCall } from "./serve-call.ts";
import { parseBearerToken, type TokenCheck } from "./stages/authorize.ts";

/** Options of a server. */
export type RpcServerOptions = {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** Full names of the registered services, for reflection and health. */
  readonly serviceNames: readonly string[];
  /** Whether reflection is served, to callers that `tokens` accepts; default true. */
  readonly isReflected?: boolean;
  /** Adds the service implementations. */
  readonly register: (server: Server) => void;
  /** Longest deadline of a call; default 15 min. */
  readonly maxDeadlineMs?: number;
  /** Default: plaintext. */
  readonly tls?: RpcTls | undefined;
  /** Decides which callers are accepted; default: all. Health needs no token. */
  readonly tokens?: TokenCheck | undefined;
  /** Limits on the open calls of methods; default: none. Calls that `tokens` refuses take no place. */
  readonly callLimits?: CallLimits;
  /** Paths (`/package.Service/Method`) of uploads of which only 2 messages are read ahead. Their handlers read them through `takeEach`. */
  readonly limitedReadAhead?: readonly string[];
  /** Age at which a connection takes no further calls, so that clients find new replicas; ±10 %, default 5 min. */
  readonly maxConnectionAgeMs?: number;
  /** Memory for unfinished requests; default 64 MiB. */
  readonly uploads?: ByteBudget | undefined;
  /** How long a client may pause within an upload or within reading a response; default 1 min. */
  readonly stallMs?: number | undefined;
};

/** A listening server. */
export type RpcServer = {
  readonly address: string;
  readonly port: number;
  /** Becomes not ready, ends long-lived calls, waits up to `graceMs` for the others, then cancels what still runs. */
  stop(graceMs: number): Promise<void>;
};

/** The single request of a call with a limit may take twice as long as a pause in a stream: it is sent as a whole. */
const requestStalls = 2;

/** Starts a gRPC server with trace, metrics, log, typed errors, deadlines, health and reflection. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { host, log, metrics, health, stallMs = 60_000 } = options;
  const uploads = options.uploads ?? createByteBudget({ totalBytes: 64 * 1024 * 1024, name: "uploads" });
  const stopping = new AbortController();
  /** Methods whose requests are passed on, not collected. */
  const rawPaths = new Set<string>(options.limitedReadAhead);
  const onCall: ServerInterceptor = ({ path }, call) => {
    const method = path.slice(1);
    explainRefusals(call, method, log, metrics);
    boundReceiving(call, path, { uploads, maxMessageBytes });
    decompressInTurn(call);
    limitUnreadResponses(call, method, stallMs, log);
    passRemainingTime(call);
    if (rawPaths.has(path)) limitReadAhead(call);
    // The call itself, without a wrapper around it: a wrapper would pass on each of its events once more.
    return call as ServerInterceptingCall;
  };
  function limitOpenCalls(limits: CallLimits): ServerInterceptor {
    const { tokens } = options;
    const isAccepted = (authorization: string) => {
      const token = tokens && parseBearerToken(authorization);
      return !tokens || (token !== undefined && tokens(token));
    };
    return createCallLimits({ limits, metrics, isAccepted, maxRequestMs: requestStalls * stallMs });
  }
  const channelOptions: ServerOptions = {
    interceptors: [onCall, ...(options.callLimits ? [limitOpenCalls(options.callLimits)] : [])],
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": 1024,
    "grpc.max_connection_age_ms": options.maxConnectionAgeMs ?? 300_000,
    "grpc.keepalive_time_ms": 60_000,
    // grpc-js's own counts of calls and messages, which nothing reads.
    "grpc.enable_channelz": 0,
  };
  const serveCall = createServeCall({
    log,
    metrics,
    tokens: options.tokens,
    maxDeadlineMs: options.maxDeadlineMs ?? 15 * 60_000,
    stallMs,
    stopping: stopping.signal,
  });
  const server = createServer(channelOptions).use(serveCall);
  const add: Server["add"] = (definition, implementation) => {
    for (const path of rawPathsOf(definition)) rawPaths.add(path);
    return server.add(withQuickChunks(boundRequests(definition)), implementation);
  };
  options.register({ ...server, add } as Server);
  server.add(health.definition, health.implementation);
  health.addServices(options.serviceNames);
  if (options.isReflected !== false) addReflection(server, [...options.serviceNames, health.definition.fullName]);
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
