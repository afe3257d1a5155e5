import { fileURLToPath } from "node:url";
import type { Bus } from "@pixelmesh/bus";
import type { TestMesh } from "@pixelmesh/testing";
import { type Replica, startReplica } from "@pixelmesh/testing/processes";

const main = fileURLToPath(new URL("fault-service.ts", import.meta.url));

/** Starts a replica that kills itself before a durable write: before its n-th write, or its first write of a kind. */
export function startFaultyReplica(
  mesh: TestMesh,
  bus: Bus,
  name: "ingest" | "effects",
  diesAt: number | string,
  env: Readonly<Record<string, string>>,
): Promise<Replica> {
  return startReplica(mesh, bus, name, { main: [main, name, String(diesAt)], env });
}
