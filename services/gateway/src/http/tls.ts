import type { Server } from "node:http";
import { Server as TlsServer } from "node:https";
import { readTls, type TlsFiles, type TlsMaterial, watchFiles } from "@pixelmesh/secrets";
import { type ProcessConfig, tlsVariables } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";

/** The TLS of the HTTP server: its options at the start, and how changed files reach it. */
export type HttpTls = {
  readonly options: ReturnType<typeof toOptions>;
  /** Applies changed files to new connections of the server. Returns a function that ends that. */
  follow(server: Server, log: Logger): () => void;
};

/**
 * Reads the TLS of the HTTP server by the settings that all services share; undefined without a certificate. Its files are checked for changes every
 * `checkMs`. Throws ConfigError.
 */
export function loadHttpTls(config: ProcessConfig, checkMs?: number): HttpTls | undefined {
  if (config.tlsCertFile === "") return undefined;
  const files: TlsFiles = {
    cert: { name: tlsVariables.cert, path: config.tlsCertFile },
    key: { name: tlsVariables.key, path: config.tlsKeyFile },
    ca: { name: tlsVariables.ca, path: config.tlsCaFile },
  };
  const paths = Object.values(files).flatMap(({ path }) => (path === "" ? [] : [path]));
  return {
    options: toOptions(readTls(files)),
    follow: (server, log) =>
      watchFiles(
        paths,
        () => {
          if (server instanceof TlsServer) server.setSecureContext(toOptions(readTls(files)));
        },
        (failure) => log.error({ err: failure }, "replaced TLS files are invalid; the previous ones stay in use"),
        checkMs,
      ),
  };
}

/** With a CA, callers must present one of its certificates, as those of every service. */
function toOptions({ identity, ca }: TlsMaterial) {
  return {
    cert: identity?.certificate,
    key: identity?.privateKey,
    minVersion: "TLSv1.2" as const,
    ...(ca ? { ca, requestCert: true, rejectUnauthorized: true } : {}),
  };
}
