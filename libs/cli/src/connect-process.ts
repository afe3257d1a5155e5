import { openClientTls } from "@pixelmesh/client";
import { connectRpc, type RpcConnection } from "@pixelmesh/rpc";
import type { Access } from "./access.ts";

/** A connection to one process of a mesh, beside the client's. */
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
