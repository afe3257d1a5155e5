import { busFields } from "@pixelmesh/bus";
import { type ConfigOf, field } from "@pixelmesh/config";
import { type RoleName, roles } from "@pixelmesh/roles";

/** Variables of the TLS settings, which the command line has too. */
export const tlsVariables = {
  cert: "PIXELMESH_TLS_CERT_FILE",
  key: "PIXELMESH_TLS_KEY_FILE",
  ca: "PIXELMESH_TLS_CA_FILE",
  serverName: "PIXELMESH_TLS_SERVER_NAME",
} as const;

/** The settings that every process of a role has. Ports default to the role's, +100 and +200. */
export function serviceFields(role: RoleName) {
  const area = role.toUpperCase();
  const basePort = roles[role].port;
  const port = (name: string, value: number, doc: string) =>
    field.integer(`PIXELMESH_${area}_${name}`, String(value), `${doc} 0 takes a free one.`, { max: 65_535 });
  return {
    ...busFields,
    host: field.text("PIXELMESH_HOST", "127.0.0.1", "Address that every server of the process listens on."),
    advertisedHost: field.text(
      "PIXELMESH_ADVERTISED_HOST",
      "127.0.0.1",
      "Address under which others reach this process.",
    ),
    grpcPort: port("GRPC_PORT", basePort, "Port of the gRPC server."),
    healthPort: port("HEALTH_PORT", basePort + 100, "Port of the plaintext health server."),
    metricsPort: port("METRICS_PORT", basePort + 200, "Port of the metrics page."),
    instance: field.text("PIXELMESH_INSTANCE", "0", "Name of this replica, unique within its service."),
    versionLabel: field.text(
      "PIXELMESH_VERSION_LABEL",
      "",
      "Version that traces, metrics, logs and the list of services tell, so that two releases at once can be told apart. Empty: the package's.",
    ),
    logLevel: field.choice(
      "PIXELMESH_LOG_LEVEL",
      ["trace", "debug", "info", "warn", "error", "silent"],
      "info",
      "Least level that is logged.",
    ),
    memoryLimitBytes: field.byteSize(
      "PIXELMESH_MEMORY_LIMIT",
      "1024TiB",
      "Memory the process may use, for its metrics and alerts; its cgroup's limit or the machine's memory, where that is less.",
    ),
    tracesEndpoint: field.text(
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "",
      "Base URL of an OTLP/HTTP receiver for traces. Empty: none are made.",
    ),
    tracesKeptRatio: field.percent(
      "PIXELMESH_TRACES_KEPT",
      "10%",
      "Share of the jobs whose traces are kept; those with failures, and slow ones, are kept in any case.",
    ),
    tracesPerSecond: field.integer(
      "PIXELMESH_TRACES_PER_SECOND",
      "1",
      "Traces a second, of those that begin in this process, that are kept of that share at most.",
      { min: 1, max: 10_000 },
    ),
    tracesSendEveryMs: field.duration(
      "PIXELMESH_TRACES_SEND_EVERY",
      "5s",
      "How long ended spans wait for others to be sent with them.",
      { min: 100, max: 60_000 },
    ),
    tlsCertFile: field.text(
      tlsVariables.cert,
      "",
      "File with the certificate of the gRPC server, which is shown to other services too (PEM, with those it was issued by). Empty: no TLS.",
    ),
    tlsKeyFile: field.text(tlsVariables.key, "", "File with the key to the certificate (PEM)."),
    tlsCaFile: field.text(
      tlsVariables.ca,
      "",
      "File with the CAs that services are trusted by (PEM); clients must show a certificate of theirs. Empty: Node's, and clients show none.",
    ),
    tlsServerName: field.text(
      tlsVariables.serverName,
      "",
      "Name that certificates of other services must carry. Empty: the host of their address.",
    ),
    maxConnectionAgeMs: field.duration(
      "PIXELMESH_RPC_MAX_CONNECTION_AGE",
      "5m",
      "Age at which a gRPC connection takes no further calls, so that clients find new replicas; ±10 %. What runs on it ends by itself.",
      { min: 1_000, max: 86_400_000 },
    ),
    rpcHttpProxy: field.flag(
      "PIXELMESH_RPC_HTTP_PROXY",
      "false",
      "Whether gRPC calls to other services go through the HTTP proxy that `grpc_proxy`, `https_proxy` or `http_proxy` names, except to hosts of `no_grpc_proxy` or `no_proxy`.",
    ),
    stallTimeoutMs: field.duration(
      "PIXELMESH_RPC_STALL_TIMEOUT",
      "60s",
      "How long a client may send nothing of an upload, or take nothing of a response, before its call is ended.",
      { min: 1_000, max: 3_600_000 },
    ),
    maxHealthWatches: field.integer(
      "PIXELMESH_HEALTH_MAX_WATCHES",
      "1000",
      "Most health watches that the process serves at once.",
      { min: 1, max: 100_000 },
    ),
    stopGraceMs: field.duration(
      "PIXELMESH_STOP_GRACE",
      "20s",
      "How long running work may take to end when the process stops.",
      {
        min: 0,
        max: 600_000,
      },
    ),
  } as const;
}

/** The settings of a service that takes and sends pictures: memory for those on their way. `upload` is the default for uploads. */
export function transferFields(area: string, upload = "256MiB") {
  return {
    uploadMemoryBytes: field.byteSize(
      `PIXELMESH_${area}_UPLOAD_MEMORY`,
      upload,
      "Memory that uploads in progress may take together.",
      { min: 1024 },
    ),
    downloadMemoryBytes: field.byteSize(
      `PIXELMESH_${area}_DOWNLOAD_MEMORY`,
      "128MiB",
      "Memory that downloads in progress may take together.",
      { min: 1024 },
    ),
  } as const;
}

/** Values of `serviceFields`. */
export type ServiceConfig = ConfigOf<ReturnType<typeof serviceFields>>;
