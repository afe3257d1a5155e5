import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";

/** Returns the machine's facts, which are stored with the figures. */
export function machineFacts(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

/** Returns the processor time of a process in milliseconds (Linux only, ticks of 10 ms). */
export function readCpuMs(pid: number): number {
  // Fields are counted after the command name, which may contain spaces. utime and stime are the 12th and 13th.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Returns the processor time of a process and its running and ended children, in milliseconds (Linux only). */
export function readFamilyCpuMs(pid: number): number {
  const fieldsOf = (each: string) => readFileSync(`/proc/${each}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  const sum = (fields: readonly string[]) => fields.reduce((total, field) => total + Number(field), 0) * 10;
  let totalMs = sum(fieldsOf(String(pid)).slice(11, 15));
  for (const each of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = fieldsOf(each);
      if (Number(fields[1]) === pid) totalMs += sum(fields.slice(11, 15));
    } catch {
      // It ended meanwhile, so its parent's figures include it.
    }
  }
  return totalMs;
}

/** Returns the processor time of all ended children of this process, in milliseconds (Linux only, ticks of 10 ms). */
export function readEndedChildrenMs(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** Returns the proportional set size of a process in bytes: its private memory and its share of shared memory (Linux only). */
export function readPss(pid: number): number {
  return readKib(pid, "Pss");
}

/** Returns the anonymous memory of a process in bytes, which excludes mapped files (Linux only). */
export function readAnonymous(pid: number): number {
  return readKib(pid, "Anonymous");
}

function readKib(pid: number, name: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))?.[1] ?? Number.NaN) * 1024;
}
