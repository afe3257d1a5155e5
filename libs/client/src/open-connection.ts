import { connectRpc, type RpcConnection } from "@pixelmesh/rpc/client";
import { openClientTls, type TlsOptions } from "./tls.ts";

/** Address of a mesh, and how to call it. */
export type ConnectOptions = {
  /** `host:port` of an ingest service, or a `dns:///` name of several. */
  readonly address: string;
  /** Owner of the jobs; default "default". */
  readonly tenant?: string;
  /** Calls use TLS if any file is given; default: plaintext. */
  readonly tls?: TlsOptions;
  /** Sent with every call as `authorization: Bearer TOKEN`, for a mesh that requires one. */
  readonly token?: string;
  /** Time for one short call; default 30 s. Uploads and downloads have 15 min, watches no limit. */
  readonly timeoutMs?: number;
  /** Connect through the HTTP proxy that the environment names (`grpc_proxy`, `https_proxy`, `http_proxy`). Default: false. */
  readonly httpProxy?: boolean;
  /** How long idempotent calls are retried while the mesh does not answer; default 30 s. */
  readonly retryTimeoutMs?: number;
};

/** Time for one short call, in milliseconds. */
export const defaultTimeoutMs = 30_000;

/** Opens a connection; closing it closes its TLS files too. Throws INVALID_ARGUMENT for invalid TLS files. */
export function openConnection(options: ConnectOptions): RpcConnection {
  const { address, tenant, token, timeoutMs = defaultTimeoutMs, httpProxy } = options;
  const tls = openClientTls(options.tls ?? {});
  const tokenOf = token ? () => token : undefined;
  const connection = connectRpc(address, { timeoutMs, tenant, tls, httpProxy, token: tokenOf });
  return {
    ...connection,
    close() {
      connection.close();
      tls?.close();
    },
  };
}
