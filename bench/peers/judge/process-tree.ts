import { readdirSync, readFileSync } from "node:fs";
import { readPss } from "../../harness/machine.ts";

type Process = { readonly parent: number; readonly cpuMs: number };

const tickMs = 10;

/** Returns the processor time of this process and its ended children, and of the trees below `roots`, in milliseconds (Linux only). */
export function readCostMs(roots: readonly number[]): number {
  const processes = readProcesses();
  const own = processes.get(process.pid)?.cpuMs ?? 0;
  return [...treeOf(processes, roots)].reduce((sum, pid) => sum + (processes.get(pid)?.cpuMs ?? 0), own);
}

/** Returns the sum of the proportional set sizes of the tree below `root`, in bytes, without the trees below `excluded` (Linux only). */
export function readTreePss(root: number, excluded: readonly number[]): number {
  const processes = readProcesses();
  const left = treeOf(processes, [root]).difference(treeOf(processes, excluded));
  left.delete(root);
  let bytes = 0;
  for (const pid of left) {
    try {
      bytes += readPss(pid) || 0;
    } catch {
      // It ended meanwhile.
    }
  }
  return bytes;
}

/** Returns the running processes by id. Their processor time includes that of children that ended and were waited for. */
function readProcesses(): Map<number, Process> {
  const processes = new Map<number, Process>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // Fields are counted after the command name, which may contain spaces.
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      processes.set(Number(name), { parent: Number(fields[1]), cpuMs: ticks * tickMs });
    } catch {
      // It ended meanwhile.
    }
  }
  return processes;
}

function treeOf(processes: ReadonlyMap<number, Process>, roots: readonly number[]): Set<number> {
  const tree = new Set(roots);
  let before = -1;
  while (before !== tree.size) {
    before = tree.size;
    for (const [pid, { parent }] of processes) if (tree.has(parent)) tree.add(pid);
  }
  return tree;
}
