import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** How long a process has shown no sign of work. */
export type ProgressWatch = { idleMs(): number };

const lookEveryMs = 250;
/** An idle nats-server takes far less than a twentieth of a core, and hardly any input or output. */
const leastCpuShare = 0.05;
const leastIoBytesPerS = 16 * 1024;
/** USER_HZ: what /proc counts processor time in on every Linux. */
const ticksPerS = 100;

/** Watches a process: it makes progress while its log grows, or it uses a processor, or reads and writes. */
export function watchProgress(pid: number, logSize: () => number): ProgressWatch {
  let last = look(pid, logSize());
  let progressMs = last.atMs;
  return {
    idleMs() {
      const nowMs = performance.now();
      if (nowMs - last.atMs < lookEveryMs) return nowMs - progressMs;
      const next = look(pid, logSize());
      const seconds = (next.atMs - last.atMs) / 1_000;
      const isBusy =
        next.logBytes > last.logBytes ||
        next.cpuS - last.cpuS > leastCpuShare * seconds ||
        next.ioBytes - last.ioBytes > leastIoBytesPerS * seconds;
      if (isBusy) progressMs = next.atMs;
      last = next;
      return next.atMs - progressMs;
    },
  };
}

function look(pid: number, logBytes: number) {
  const isLinux = process.platform === "linux";
  return {
    atMs: performance.now(),
    logBytes,
    cpuS: isLinux ? cpuOnLinux(pid) : cpuByPs(pid),
    ioBytes: isLinux ? ioOnLinux(pid) : 0,
  };
}

/** Fields 14 and 15 (utime, stime) of proc_pid_stat(5), counted after the name. */
function cpuOnLinux(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerS || 0;
}

/** rchar and wchar of proc_pid_io(5): also what the page cache answered. */
function ioOnLinux(pid: number): number {
  const [, bytesRead = 0, written = 0] = /rchar: (\d+)\nwchar: (\d+)/.exec(read(`/proc/${pid}/io`))?.map(Number) ?? [];
  return bytesRead + written;
}

/** `[[dd-]hh:]mm:ss.ss` of ps. */
function cpuByPs(pid: number): number {
  try {
    const text = execFileSync("ps", ["-o", "cputime=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return text.split(/[-:]/).reduce((sum, part) => sum * 60 + Number(part), 0);
  } catch {
    return 0;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
