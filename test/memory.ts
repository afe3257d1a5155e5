import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestMesh } from "@pixelmesh/testing";

type RoleName = Parameters<TestMesh["logs"]>[0];
type MeshProcess = ReturnType<TestMesh["processes"]>[number];

const mib = 1024 * 1024;

/** Lets one ask the processes of a mesh to collect their garbage; to be given to `startTestMesh`. */
export const collectable = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

/** Collects the garbage of every service process, over its inspector: what is left is kept by something. */
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
export type Memory = {
  /** Kept by JavaScript: heap and buffers. Exact once garbage was collected. */
  readonly kept: number;
  /** Anonymous memory: all that is really taken. What an allocator keeps of its arenas goes up and down. */
  readonly anonymous: number;
};

/** The memory of each service process after its garbage was collected (Linux only). */
export async function readMemory(mesh: TestMesh): Promise<ReadonlyMap<string, Memory>> {
  await collectGarbage(mesh);
  const of = async ({ name, pid, metrics }: MeshProcess) => {
    const page = await (await fetch(metrics)).text();
    const bytes = (metric: string) => Number(page.match(new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)$`, "m"))?.[1]);
    const kept = (bytes("nodejs_heap_size_used_bytes") + bytes("nodejs_external_memory_bytes")) / mib;
    return [name, { kept, anonymous: readStatus(pid, "smaps_rollup", "Anonymous") }] as const;
  };
  return new Map(await Promise.all(mesh.processes().map(of)));
}

/** The services that take more than `before` by more than the noise. */
export async function findGrown(
  mesh: TestMesh,
  before: ReadonlyMap<string, Memory>,
  noise: Memory,
): Promise<readonly string[]> {
  return [...(await readMemory(mesh))].flatMap(([name, now]) => {
    const then = before.get(name) as Memory;
    const isGrown = now.kept > then.kept + noise.kept || now.anonymous > then.anonymous + noise.anonymous;
    return isGrown ? [`${name}: ${JSON.stringify(then)} to ${JSON.stringify(now)}`] : [];
  });
}

/** Counts a process's peak memory anew from now; answers what that is, in MiB (Linux only). */
export function resetPeakMemory(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  return readPeakMemory(pid);
}

/** The most resident memory a process had since it was reset, in MiB. */
export function readPeakMemory(pid: number): number {
  return readStatus(pid, "status", "VmHWM");
}

function readStatus(pid: number, file: string, name: string): number {
  const text = readFileSync(`/proc/${pid}/${file}`, "utf8");
  return Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m"))?.[1] ?? Number.NaN) / 1024;
}

/**
 * How many files and sockets each service process has open (Linux only). Pipes and event descriptors do not count: every thread
 * has some, and the number of threads follows the load.
 */
export function countOpenFiles(mesh: TestMesh): Readonly<Record<string, number>> {
  return Object.fromEntries(
    mesh.processes().map(({ name, pid }) => [name, listOpen(pid).filter(isFileOrSocket).length]),
  );
}

/** What the descriptors of a process stand for, as the kernel names it: a path, or a kind and a number. */
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
