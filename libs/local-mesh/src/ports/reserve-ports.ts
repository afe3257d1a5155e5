import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { AppError } from "@pixelmesh/errors";

/** Ports that no other mesh takes until they are released. */
export type ReservedPorts = { readonly ports: readonly number[]; release(): void };

const firstPort = 10_240;
const lastPort = 65_535;
/** Ports of a block, its guard included. Every block starts at a multiple of this above `firstPort`. */
const blockPorts = 32;
const mostTries = 200;

/**
 * Reserves `count` ports, at most 31, that are free at `host` now. They lie below the kernel's range for outgoing connections, so that
 * no connection takes one before it is used. A guard listens on the first port of their block until `release`. Other meshes of this
 * machine skip the block meanwhile, also while a service restarts.
 */
export async function reservePorts(host: string, count: number): Promise<ReservedPorts> {
  if (count >= blockPorts) throw new AppError("INTERNAL", `Expected at most ${blockPorts - 1} ports, got ${count}`);
  const end = endOfRange();
  const blocks = Math.floor((end - firstPort) / blockPorts);
  for (let tries = 0; tries < mostTries; tries += 1) {
    const base = firstPort + Math.floor(Math.random() * blocks) * blockPorts;
    const guard = await tryListen(host, base);
    if (guard === undefined) continue;
    const ports = Array.from({ length: count }, (_, at) => base + 1 + at);
    if ((await Promise.all(ports.map((port) => isFree(host, port)))).every(Boolean)) {
      guard.unref();
      return { ports, release: () => void guard.close() };
    }
    guard.close();
  }
  throw new AppError("SERVICE_UNAVAILABLE", `Expected ${count} free ports in a row at ${host} and found none`);
}

/** Whether a server can listen on this port now. */
export async function isFree(host: string, port: number): Promise<boolean> {
  const server = await tryListen(host, port);
  if (server === undefined) return false;
  server.close();
  await once(server, "close");
  return true;
}

async function tryListen(host: string, port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once("listening", () => resolve(true)).once("error", () => resolve(false));
  server.listen({ host, port, exclusive: true });
  return (await promise) ? server : undefined;
}

/** Returns the first port of outgoing connections, or the last port where their range covers nearly all. */
function endOfRange(): number {
  const start = ephemeralStart();
  return start >= firstPort + 100 * blockPorts ? start : lastPort;
}

function ephemeralStart(): number {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);
  } catch {
    return 49_152; // The default of macOS, and the start of IANA's range.
  }
}
