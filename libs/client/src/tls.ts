import { ConfigError } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import { openRpcTls, type RpcTls } from "@pixelmesh/rpc/client";

/** PEM files for calls over TLS. Replaced files apply to new connections. */
export type TlsOptions = {
  /** CAs of the mesh; default: Node's CAs. */
  readonly caFile?: string | undefined;
  /** The client's certificate and its key, for a mesh that requires one. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Name that the mesh's certificate must have; default: the host of the address. */
  readonly serverName?: string | undefined;
};

/** Opens TLS for the connections of a client; undefined without any file. Throws INVALID_ARGUMENT with option and file. */
export function openClientTls(options: TlsOptions): RpcTls | undefined {
  const { caFile = "", certFile = "", keyFile = "", serverName = "" } = options;
  const files = {
    cert: { name: "tls.certFile", path: certFile },
    key: { name: "tls.keyFile", path: keyFile },
    ca: { name: "tls.caFile", path: caFile },
  };
  try {
    return openRpcTls({ files, serverName });
  } catch (error) {
    if (error instanceof ConfigError) throw new AppError("INVALID_ARGUMENT", error.mistakes.join("; "));
    throw error;
  }
}
