import type { Env } from "@pixelmesh/config";
import type { RoleName } from "@pixelmesh/roles";
import { assertPortsFree, fixedPorts, type MeshPorts, meshPortCount, portsFrom, portsOutOf } from "./mesh-ports.ts";
import { reservePorts } from "./reserve-ports.ts";

/** Ports for one start of a mesh. */
export type ChosenPorts = { readonly ports: MeshPorts; readonly brokerPort: number; release(): void };

/**
 * Chooses the ports of a mesh. The broker's port is always a reserved one. Throws SERVICE_UNAVAILABLE where given ports of these services are
 * taken, INVALID_ARGUMENT where a variable holds no port.
 */
export async function choosePorts(
  wanted: "fixed" | "free" | number,
  services: readonly RoleName[],
  env: Env,
  host: string,
): Promise<ChosenPorts> {
  const reserved = await reservePorts(host, meshPortCount + 1);
  const brokerPort = reserved.ports[meshPortCount] as number;
  try {
    if (wanted === "free") return { ports: portsOutOf(reserved.ports), brokerPort, release: reserved.release };
    const ports = wanted === "fixed" ? fixedPorts(env) : portsFrom(wanted);
    await assertPortsFree(ports, services, host);
    return { ports, brokerPort, release: reserved.release };
  } catch (error) {
    reserved.release();
    throw error;
  }
}
