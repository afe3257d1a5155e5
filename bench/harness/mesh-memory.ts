import { readdirSync, readFileSync } from "node:fs";
import type { Mesh } from "@pixelmesh/local-mesh";
import { readAnonymous } from "./machine.ts";

/** Memory of one process, in bytes. */
export type ProcessMemory = {
  readonly name: string;
  readonly pid: number;
  readonly anonymous: number;
  readonly resident: number;
};

/** Returns the memory of the broker, the services and their child processes. Leaves out processes that end meanwhile. */
export function readMeshMemory(mesh: Mesh): ProcessMemory[] {
  const services = mesh.processes().map(({ name, pid }) => ({ name, pid }));
  const names = new Map(services.map(({ name, pid }) => [pid, name]));
  const children = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const parent = names.get(readParent(entry));
      return parent === undefined ? [] : [{ name: `${parent} host`, pid: Number(entry) }];
    });
  return [{ name: "broker", pid: mesh.broker().pid }, ...services, ...children].flatMap(({ name, pid }) => {
    try {
      return [{ name, pid, anonymous: readAnonymous(pid), resident: readResident(pid) }];
    } catch {
      return [];
    }
  });
}

function readParent(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]);
  } catch {
    return Number.NaN;
  }
}

function readResident(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN) * 1024;
}
