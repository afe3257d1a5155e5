import type { RoleName } from "@pixelmesh/roles";
import type { MeshProcess } from "./data-dir/mesh-file.ts";
import type { MeshPorts } from "./ports/mesh-ports.ts";

/** All processes of a local mesh listen on loopback. */
export const host = "127.0.0.1";

/** The addresses of a service process. */
export function toMeshProcess(name: RoleName, pid: number, ports: MeshPorts): MeshProcess {
  const { grpc, health, metrics } = ports[name];
  return {
    name,
    pid,
    grpc: `${host}:${grpc}`,
    health: `${host}:${health}`,
    metrics: `http://${host}:${metrics}/metrics`,
  };
}
