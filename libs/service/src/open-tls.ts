import { ConfigError } from "@pixelmesh/config";
import type { Lifecycle } from "@pixelmesh/lifecycle";
import { openRpcTls, type RpcTls } from "@pixelmesh/rpc";
import type { Logger, Metrics } from "@pixelmesh/telemetry";
import { type ProcessConfig, tlsVariables } from "./fields.ts";

/**
 * Opens TLS of a service by its settings; returns undefined if none is set. Throws ConfigError for a CA without a certificate, because
 * other services require one.
 */
export function openTls(config: ProcessConfig, life: Lifecycle, log: Logger, metrics: Metrics): RpcTls | undefined {
  const { tlsCertFile, tlsKeyFile, tlsCaFile, tlsServerName: serverName } = config;
  if (tlsCaFile !== "" && tlsCertFile === "" && tlsKeyFile === "")
    throw new ConfigError([`Expected ${tlsVariables.cert} beside ${tlsVariables.ca}, got nothing`]);
  const files = {
    cert: { name: tlsVariables.cert, path: tlsCertFile },
    key: { name: tlsVariables.key, path: tlsKeyFile },
    ca: { name: tlsVariables.ca, path: tlsCaFile },
  };
  const tls = openRpcTls({
    files,
    serverName,
    onReload(failure) {
      reportExpiry();
      if (failure === undefined) log.info({}, "TLS files were replaced; new connections use them");
      else log.error({ err: failure }, "replaced TLS files are invalid; the previous ones stay in use");
    },
  });
  function reportExpiry(): void {
    const endsUnixMs = tls?.endsUnixMs() ?? 0;
    metrics.set("pixelmesh_tls_certificate_end_seconds", {}, endsUnixMs / 1000);
    if (tls && endsUnixMs < Date.now())
      log.warn(
        { endedAt: new Date(endsUnixMs).toISOString() },
        "the TLS certificate of this service has expired; others refuse it",
      );
  }
  reportExpiry();
  if (tls) life.defer("tls files", tls.close);
  return tls;
}
