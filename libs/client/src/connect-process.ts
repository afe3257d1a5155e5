import { connectRpc, type RpcConnection } from "@pixelmesh/rpc";
import type { Access } from "./access.ts";
import { openClientTls } from "./tls.ts";

/** Connects to one process of a mesh, such as one replica of a service. */
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
