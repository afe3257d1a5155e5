import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Measures how long a process has made no progress, in milliseconds. */
export type ProgressWatch = { idleMs(): number };

const sampleEveryMs = 250;
/** Above these rates a process is busy. An idle nats-server uses far less than 5 % of a core and nearly no input or output. */
const leastCpuShare = 0.05;
const leastIoBytesPerS = 16 * 1024;
/** USER_HZ, the unit of processor time in /proc; 100 on every Linux. */
const ticksPerS = 100;

/** Watches a process. Log output, processor time, and input or output count as progress. */
export function watchProgress(pid: number, logSize: () => number): ProgressWatch {
  let last = takeSample(pid, logSize());
  let progressMs = last.atMs;
  return {
    idleMs() {
      const nowMs = performance.now();
      if (nowMs - last.atMs < sampleEveryMs) return nowMs - progressMs;
      const next = takeSample(pid, logSize());
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

function takeSample(pid: number, logBytes: number) {
  const isLinux = process.platform === "linux";
  return {
    atMs: performance.now(),
    logBytes,
    cpuS: isLinux ? cpuOnLinux(pid) : cpuByPs(pid),
    ioBytes: isLinux ? ioOnLinux(pid) : 0,
  };
}

/** Reads processor time in seconds: fields 14 and 15 (utime, stime) of proc_pid_stat(5), counted from behind the name. */
function cpuOnLinux(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerS || 0;
}

/** Reads rchar and wchar of proc_pid_io(5), which include reads from the page cache. */
function ioOnLinux(pid: number): number {
  const [, bytesRead = 0, written = 0] = /rchar: (\d+)\nwchar: (\d+)/.exec(read(`/proc/${pid}/io`))?.map(Number) ?? [];
  return bytesRead + written;
}

/** Reads processor time in seconds from ps, which prints `[[dd-]hh:]mm:ss.ss`. */
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
