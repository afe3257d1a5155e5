import { readFileSync, statSync } from "node:fs";
import { availableParallelism, freemem, hostname, totalmem } from "node:os";
import { join } from "node:path";

/** The memory this process may use: that of its container if it has a limit, else that of the machine. */
export type HostMemory = {
  /** Contains boot id and cgroup; equal for all processes that share this memory. */
  readonly deviceId: string;
  readonly name: string;
  readonly totalBytes: number;
  /** Memory in use by all processes, without the page cache. */
  readonly observedBytes: number;
  readonly cores: number;
};

/** Source and limit of memory readings. */
export type HostMemorySource = {
  /** Upper limit of the total, in bytes. Memory that other processes use still counts. Default: no limit. */
  readonly maxTotalBytes?: number;
  /** Directory that holds `proc` and `sys`, like `--path.rootfs` of node_exporter. Default: `/`. */
  readonly root?: string;
};

/**
 * Reads the current memory use: from cgroup v2 (memory.max, memory.current − inactive_file) if it sets a limit, else from
 * proc/meminfo (MemTotal − MemAvailable), else from `node:os`.
 */
export function readHostMemory({
  maxTotalBytes = Number.POSITIVE_INFINITY,
  root = "/",
}: HostMemorySource = {}): HostMemory {
  const machine = readMachine(root);
  const group = readCgroup(root);
  const bounded = group !== undefined && group.maxBytes < machine.totalBytes;
  return {
    deviceId: `host-${machine.id}${bounded ? group.id : ""}`,
    name: bounded ? `container memory of ${hostname()}` : `memory of ${hostname()}`,
    totalBytes: Math.min(bounded ? group.maxBytes : machine.totalBytes, maxTotalBytes),
    observedBytes: bounded ? Math.max(group.usedBytes, 0) : machine.totalBytes - machine.availableBytes,
    cores: availableParallelism(),
  };
}

function readMachine(root: string): { id: string; totalBytes: number; availableBytes: number } {
  const text = read(join(root, "proc/meminfo"));
  const kib = (name: string) => Number(text?.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))?.[1]) * 1024;
  const id = read(join(root, "proc/sys/kernel/random/boot_id"))?.trim() ?? hostname();
  const [totalBytes, availableBytes] = [kib("MemTotal"), kib("MemAvailable")];
  return Number.isFinite(totalBytes) && Number.isFinite(availableBytes)
    ? { id, totalBytes, availableBytes }
    : { id, totalBytes: totalmem(), availableBytes: freemem() };
}

/**
 * Reads the cgroup that limits this process; returns undefined without a limit. Inside a container its path is always `/`, so two
 * containers of one machine would look like one device. Its id is then the inode of the group, which is unique on the machine.
 */
export function readCgroup(
  root = "/",
): { readonly id: string; readonly maxBytes: number; readonly usedBytes: number } | undefined {
  const path = read(join(root, "proc/self/cgroup"))?.match(/^0::(\S*)$/m)?.[1];
  if (path === undefined) return undefined;
  const mount = join(root, "sys/fs/cgroup");
  // Inside a container the process's own group is mounted at the root.
  for (const dir of [join(mount, path), mount]) {
    const max = read(join(dir, "memory.max"))?.trim();
    const current = Number(read(join(dir, "memory.current")));
    if (max === undefined || max === "max" || !Number.isFinite(current)) continue;
    const inactive = Number(read(join(dir, "memory.stat"))?.match(/^inactive_file (\d+)$/m)?.[1] ?? 0);
    const id = path === "/" ? `/#${statSync(dir).ino}` : path;
    return { id, maxBytes: Number(max), usedBytes: current - inactive };
  }
  return undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // Not on this system.
  }
}
