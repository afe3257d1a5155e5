import type { Env } from "@pixelmesh/config";
import { AppError, expected } from "@pixelmesh/errors";
import { portVariable as apiPortVariable, type RoleName, roleNames, roles } from "@pixelmesh/roles";
import { isFree } from "./reserve-ports.ts";

/** The three ports of one service process. `grpc` is that of its API, which is HTTP for the gateway. */
export type ServicePorts = { readonly grpc: number; readonly health: number; readonly metrics: number };

/** Ports of a whole mesh. */
export type MeshPorts = Readonly<Record<RoleName, ServicePorts>>;

const kinds = ["grpc", "health", "metrics"] as const;

/** Name of the variable that sets one port of a service. */
export function portVariable(name: RoleName, kind: keyof ServicePorts): string {
  return apiPortVariable(name, kind === "grpc" ? "api" : kind);
}

/**
 * Returns the documented ports: from 7400, health +100, metrics +200, each unless its variable sets another. Throws
 * INVALID_ARGUMENT where a variable holds no port.
 */
export function fixedPorts(env: Env): MeshPorts {
  return mapPorts((name, kind) => {
    const text = env[portVariable(name, kind)];
    if (!text) return roles[name].port + 100 * kinds.indexOf(kind);
    const port = /^\d+$/.test(text) ? Number(text) : 0;
    if (port < 1 || port > 65_535) throw expected(portVariable(name, kind), "a port from 1 to 65535", text);
    return port;
  });
}

/** Returns the ports of a mesh whose ingest has port `base`. The others follow it: health +100, metrics +200. */
export function portsFrom(base: number): MeshPorts {
  return mapPorts((name, kind) => base + roles[name].port - roles.ingest.port + 100 * kinds.indexOf(kind));
}

/** Number of ports of a whole mesh, without its broker. */
export const meshPortCount = roleNames.length * kinds.length;

/** Distributes `meshPortCount` ports over the services. */
export function portsOutOf(ports: readonly number[]): MeshPorts {
  let next = 0;
  return mapPorts(() => ports[next++] as number);
}

/** Throws SERVICE_UNAVAILABLE where something listens on ports of these services. Its text names them and says what to do. */
export async function assertPortsFree(ports: MeshPorts, services: readonly RoleName[], host: string): Promise<void> {
  const taken = await Promise.all(
    services.flatMap((name) =>
      kinds.map(async (kind) => {
        const port = ports[name][kind];
        return (await isFree(host, port)) ? [] : [{ port, name, kind }];
      }),
    ),
  );
  const lines = taken
    .flat()
    .map(({ port, name, kind }) => `${port} (${name}, ${kind}; set by ${portVariable(name, kind)})`);
  if (lines.length === 0) return;
  throw new AppError(
    "SERVICE_UNAVAILABLE",
    `Expected port ${lines.join(", ")} to be free, but something listens there. If that is another mesh, use it ` +
      "(`pixelmesh status`) or stop it; otherwise choose other ports by these variables",
  );
}

function mapPorts(portOf: (name: RoleName, kind: keyof ServicePorts) => number): MeshPorts {
  const entries = roleNames.map(
    (name) =>
      [name, { grpc: portOf(name, "grpc"), health: portOf(name, "health"), metrics: portOf(name, "metrics") }] as const,
  );
  return Object.fromEntries(entries) as MeshPorts;
}
