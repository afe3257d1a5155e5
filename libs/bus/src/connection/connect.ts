import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connect, errors, type NatsConnection } from "@nats-io/transport-node";
import { AppError } from "@pixelmesh/errors";
import type { Logger, Metrics } from "@pixelmesh/telemetry";
import { type BoundSettings, planBounds, type StreamBounds, toBoundSettings } from "../topology/stream-bounds.ts";
import { toBatchedConnection } from "./batched-connection.ts";
import { type BusCounts, createBusCounts } from "./bus-metrics.ts";
import { type BusSecurity, toSecurity } from "./security.ts";
import { waitForBroker } from "./wait-for-broker.ts";

/** How a connection to the broker is opened. */
export type BusOptions = BusSecurity &
  Partial<BoundSettings> & {
    /** One or more addresses, separated by commas. */
    readonly natsUrl: string;
    readonly natsReplicas: number;
    readonly ackWaitMs: number;
    /** Name of the mesh that may use the account; empty or absent: any. */
    readonly natsOwner?: string;
    /** Shown in the broker's connection list. */
    readonly name: string;
    readonly log: Logger;
    readonly metrics: Metrics;
    /** Called with false when the connection is lost, with true when it is open. */
    readonly onState?: (connected: boolean) => void;
    /** Awaited before every durable write. Tests use it to stop a process between two writes. */
    readonly onWrite?: OnWrite;
    /** How long to retry the first connection; default 10 s. */
    readonly connectTimeoutMs?: number;
  };

/** Called with the name of the next durable write: `update jobs`, `publish JOB_EVENTS`, `ack WORK_EFFECTS`. */
export type OnWrite = (what: string) => Promise<void>;

/** An open connection to the broker. Its NATS objects are for this package only. */
export type Bus = {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly kvm: Kvm;
  readonly ackWaitMs: number;
  readonly replicas: number;
  /** Name of the mesh that may use the account; empty: any. */
  readonly owner: string;
  readonly boundSettings: BoundSettings;
  /** The planned bounds of streams and buckets. */
  readonly bounds: StreamBounds;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly counts: BusCounts;
  readonly onWrite: OnWrite | undefined;
  /** Sends all pending messages, then closes; waits at most 5 s. */
  close(): Promise<void>;
};

/** Timeout of a request to the broker. A repeat with the same message id is idempotent. */
const requestTimeoutMs = 2_000;

/**
 * Connects, and reconnects until closed. Throws BROKER_UNAVAILABLE if no broker accepts the connection within `connectTimeoutMs`,
 * ConfigError for security files that cannot be used.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const { log, metrics } = options;
  const onState = (connected: boolean) => {
    metrics.set("pixelmesh_nats_connected", {}, connected ? 1 : 0);
    options.onState?.(connected);
  };
  const security = toSecurity(options);
  const connection = await waitForBroker(log, () => connectOnce(options, security), options.connectTimeoutMs ?? 10_000);
  const nc = toBatchedConnection(connection, (error) => log.debug({ err: error }, "unconfirmed message not sent"));
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === "disconnect") {
        log.warn({}, "broker connection lost");
        onState(false);
      } else if (status.type === "reconnect") {
        log.info({}, "broker connection is back");
        metrics.count("pixelmesh_nats_reconnects_total", {});
        onState(true);
      }
    }
  })();
  const boundSettings = toBoundSettings(options);
  // `checkAPI: false` avoids a request to the broker, which may be away again.
  const js = jetstream(nc, { timeout: requestTimeoutMs, checkAPI: false });
  onState(true);
  return {
    nc,
    js,
    jsm: await jetstreamManager(nc, { timeout: 5_000, checkAPI: false }),
    kvm: new Kvm(js),
    ackWaitMs: options.ackWaitMs,
    replicas: options.natsReplicas,
    owner: options.natsOwner ?? "",
    boundSettings,
    bounds: planBounds(boundSettings),
    log,
    metrics,
    counts: createBusCounts(metrics),
    onWrite: options.onWrite,
    async close() {
      const timer = setTimeout(() => void nc.close(), 5_000);
      await nc.drain().catch(() => nc.close());
      clearTimeout(timer);
    },
  };
}

async function connectOnce(
  { natsUrl, name }: BusOptions,
  security: ReturnType<typeof toSecurity>,
): Promise<NatsConnection> {
  try {
    return await connect({
      servers: natsUrl.split(","),
      name,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 100,
      pingInterval: 5_000,
      maxPingOut: 2,
      timeout: 2_000,
      // The credentials file may be replaced after the server has refused it.
      ignoreAuthErrorAbort: true,
      ...security,
    });
  } catch (cause) {
    throw new AppError("BROKER_UNAVAILABLE", toText(cause), { cause });
  }
}

function toText(cause: unknown): string {
  if (cause instanceof errors.AuthorizationError) return "The NATS server refuses the credentials";
  const { code, message } = cause as { code?: unknown; message?: unknown };
  const isTls = String(message).includes("tls") || /CERT|SELF_SIGNED|SSL|TLS|ISSUER|SIGNATURE/.test(String(code));
  return isTls
    ? "TLS with the NATS server at the configured address failed"
    : "No NATS server answers at the configured address";
}
