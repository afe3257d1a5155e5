import type { RoleName } from "@pixelmesh/roles";
import type { MeshProcess } from "./data-dir/mesh-file.ts";
import type { MeshPorts } from "./ports/mesh-ports.ts";

/** Where a private broker listens, and services too unless `--host` says otherwise. */
export const loopback = "127.0.0.1";

/** The addresses of a service process at `host`. */
export function toMeshProcess(name: RoleName, pid: number, ports: MeshPorts, host: string): MeshProcess {
  const { grpc, health, metrics } = ports[name];
  return {
    name,
    pid,
    grpc: `${host}:${grpc}`,
    health: `${host}:${health}`,
    metrics: `http://${host}:${metrics}/metrics`,
  };
}
