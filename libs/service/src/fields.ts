import { busFields } from "@pixelmesh/bus";
import { type ConfigOf, field } from "@pixelmesh/config";
import { portVariable, type RoleName, roles } from "@pixelmesh/roles";
import { traceFields } from "./trace-fields.ts";

/** Variables of the TLS settings; the command line uses them too. */
export const tlsVariables = {
  cert: "PIXELMESH_TLS_CERT_FILE",
  key: "PIXELMESH_TLS_KEY_FILE",
  ca: "PIXELMESH_TLS_CA_FILE",
  serverName: "PIXELMESH_TLS_SERVER_NAME",
} as const;

/** Returns the settings of every process of a role that uses the broker. */
export function serviceFields(role: RoleName) {
  return { ...busFields, ...processFields(role) } as const;
}

/** Returns the settings of every process of a role. The port of its API defaults to the role's port, health and metrics to that +100 and +200. */
export function processFields(role: RoleName) {
  const { port: basePort, protocol } = roles[role];
  const port = (kind: "api" | "health" | "metrics", value: number, doc: string) =>
    field.integer(portVariable(role, kind), String(value), `${doc} 0 takes a free one.`, { max: 65_535 });
  return {
    host: field.text("PIXELMESH_HOST", "127.0.0.1", "Address that every server of the process listens on."),
    advertisedHost: field.text(
      "PIXELMESH_ADVERTISED_HOST",
      "127.0.0.1",
      "Address under which other processes reach this one.",
    ),
    apiPort: port("api", basePort, `Port of the ${protocol === "http" ? "HTTP" : "gRPC"} server.`),
    healthPort: port("health", basePort + 100, "Port of the plaintext health server."),
    metricsPort: port("metrics", basePort + 200, "Port of the metrics page."),
    instance: field.text("PIXELMESH_INSTANCE", "0", "Name of this replica, unique within its service."),
    versionLabel: field.text(
      "PIXELMESH_VERSION_LABEL",
      "",
      "Version in traces, metrics, logs and the list of services, to tell two releases apart. Empty: the package's.",
    ),
    logLevel: field.choice(
      "PIXELMESH_LOG_LEVEL",
      ["trace", "debug", "info", "warn", "error", "silent"],
      "info",
      "Lowest level that is logged.",
    ),
    memoryLimitBytes: field.byteSize(
      "PIXELMESH_MEMORY_LIMIT",
      "1024TiB",
      "Memory limit of the process, for its metrics and alerts; at most its cgroup's limit or the machine's memory.",
    ),
    ...traceFields(),
    tlsCertFile: field.text(
      tlsVariables.cert,
      "",
      "File with the certificate of the gRPC server, also used as client certificate (PEM, with its chain). Empty: no TLS.",
    ),
    tlsKeyFile: field.text(tlsVariables.key, "", "File with the key to the certificate (PEM)."),
    tlsCaFile: field.text(
      tlsVariables.ca,
      "",
      "File with the CAs that certificates of services are checked against (PEM); clients must present one too. Empty: Node's CAs, and no client certificates.",
    ),
    tlsServerName: field.text(
      tlsVariables.serverName,
      "",
      "Name that certificates of other services must carry. Empty: the host of their address.",
    ),
    maxConnectionAgeMs: field.duration(
      "PIXELMESH_RPC_MAX_CONNECTION_AGE",
      "5m",
      "Age at which a gRPC connection takes no further calls, so that clients find new replicas; ±10 %. Running calls continue.",
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

/** Returns the settings of a service that receives and sends pictures: memory budgets. `upload` is the default for uploads. */
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

/** Values of `processFields`. */
export type ProcessConfig = ConfigOf<ReturnType<typeof processFields>>;

/** Values of `serviceFields`. */
export type ServiceConfig = ConfigOf<ReturnType<typeof serviceFields>>;
