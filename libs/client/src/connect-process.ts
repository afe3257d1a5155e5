import { connectRpc, type RpcConnection } from "@pixelmesh/rpc";
import type { Access } from "./access.ts";
import { openClientTls } from "./tls.ts";

/** Opens a connection to one process of a mesh, such as one replica of a service. */
export function connectProcess(address: string, { tls: files = {}, httpProxy }: Access): RpcConnection {
  const tls = openClientTls(files);
  const connection = connectRpc(address, { tls, httpProxy });
  return {
    ...connection,
    close() {
      connection.close();
      tls?.close();
    },
  };
}
