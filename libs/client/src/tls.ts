import { ConfigError } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import { openRpcTls, type RpcTls } from "@pixelmesh/rpc";

/** Files (PEM) by which a mesh is called over TLS; replaced ones count for connections made after that. */
export type TlsOptions = {
  /** CAs that the mesh is trusted by; default: those that Node trusts. */
  readonly caFile?: string | undefined;
  /** The certificate that the mesh is shown, and its key, where it asks for one. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** Name that the mesh's certificate must carry; default: the host of the address. */
  readonly serverName?: string | undefined;
};

/** TLS for connections of a client; undefined without any file. Throws INVALID_ARGUMENT that names option and file. */
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
