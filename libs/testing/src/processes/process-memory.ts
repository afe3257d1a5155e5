import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MeshProcess } from "@pixelmesh/local-mesh";
import type { RoleName } from "@pixelmesh/roles";
import type { TestMesh } from "../test-mesh.ts";

const mib = 1024 * 1024;

/** Environment for `startTestMesh` with which the memory functions can collect garbage in its processes. */
export const collectable = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

/** Collects the garbage of every service process, over its inspector. The remaining memory is reachable. */
async function collectGarbage(mesh: TestMesh): Promise<void> {
  for (const { name } of mesh.processes()) {
    const listening = [...mesh.logs(name as RoleName).matchAll(/Debugger listening on (ws:\S+)/g)];
    const url = listening.at(-1)?.[1];
    if (url === undefined) throw new Error(`${name} was not started with an inspector`);
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onerror = reject;
      socket.onmessage = resolve;
      socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }));
    });
    socket.close();
  }
}

/** Memory of one process in MiB. */
export type ProcessMemory = {
  /** Heap and buffers of JavaScript. Exact after a garbage collection. */
  readonly kept: number;
  /** Anonymous memory of the process. It varies with what an allocator keeps in its arenas. */
  readonly anonymous: number;
};

/** Reads the memory of each service process after a garbage collection (Linux only). */
export async function readMemory(mesh: TestMesh): Promise<ReadonlyMap<string, ProcessMemory>> {
  await collectGarbage(mesh);
  const of = async ({ name, pid, metrics }: MeshProcess) => {
    const page = await (await fetch(metrics)).text();
    const bytes = (metric: string) => Number(page.match(new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)$`, "m"))?.[1]);
    const kept = (bytes("nodejs_heap_size_used_bytes") + bytes("nodejs_external_memory_bytes")) / mib;
    return [name, { kept, anonymous: readStatus(pid, "smaps_rollup", "Anonymous") }] as const;
  };
  return new Map(await Promise.all(mesh.processes().map(of)));
}

/** Returns the services whose memory grew by more than `noise` since `before`. */
export async function findGrown(
  mesh: TestMesh,
  before: ReadonlyMap<string, ProcessMemory>,
  noise: ProcessMemory,
): Promise<readonly string[]> {
  return [...(await readMemory(mesh))].flatMap(([name, now]) => {
    const then = before.get(name) as ProcessMemory;
    const isGrown = now.kept > then.kept + noise.kept || now.anonymous > then.anonymous + noise.anonymous;
    return isGrown ? [`${name}: ${JSON.stringify(then)} to ${JSON.stringify(now)}`] : [];
  });
}

/** Resets a process's high-water mark to its present memory and returns that, in MiB (Linux only). */
export function resetPeakMemory(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  return readPeakMemory(pid);
}

/** Returns the high-water mark of a process's resident memory since its reset, in MiB. */
export function readPeakMemory(pid: number): number {
  return readStatus(pid, "status", "VmHWM");
}

function readStatus(pid: number, file: string, name: string): number {
  const text = readFileSync(`/proc/${pid}/${file}`, "utf8");
  return Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m"))?.[1] ?? Number.NaN) / 1024;
}

/**
 * Counts the open files and sockets of each service process (Linux only). Pipes and event descriptors do not count: every thread
 * has some, and the number of threads follows the load.
 */
export function countOpenFiles(mesh: TestMesh): Readonly<Record<string, number>> {
  return Object.fromEntries(
    mesh.processes().map(({ name, pid }) => [name, listOpen(pid).filter(isFileOrSocket).length]),
  );
}

/** Lists the open descriptors of a process, as the kernel names them: a path, or a kind and a number. */
export function listOpen(pid: number): readonly string[] {
  const dir = `/proc/${pid}/fd`;
  return readdirSync(dir).flatMap((fd) => {
    try {
      return [readlinkSync(join(dir, fd))];
    } catch {
      return []; // Closed meanwhile.
    }
  });
}

function isFileOrSocket(name: string): boolean {
  return name.startsWith("/") || name.startsWith("socket:");
}
