import type { RpcConnection } from "@pixelmesh/rpc/client";
import type { Access } from "./access.ts";
import { openConnection } from "./open-connection.ts";

/** Opens a connection to one process of a mesh, such as one replica of a service. Its calls carry neither token nor tenant. */
export function connectProcess(address: string, { tls, httpProxy }: Access): RpcConnection {
  return openConnection({ address, ...(tls ? { tls } : {}), ...(httpProxy === undefined ? {} : { httpProxy }) });
}
