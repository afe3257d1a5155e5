import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Identifies a process, also after another process got the same id. */
export type ProcessIdentity = {
  readonly pid: number;
  /** Its start time, in a form that is valid on this machine until the next boot. Empty where no such process ran. */
  readonly startedAs: string;
};

/** Fields 3 (state) and 22 (start time in clock ticks) of proc_pid_stat(5), counted after the name, which may contain any character. */
const stateField = 0;
const startField = 19;

/** Returns the start time of the process with this id. Undefined where none runs; a zombie does not run. */
export function startOf(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
}

/** Whether this process still runs. */
export function isRunning({ pid, startedAs }: ProcessIdentity): boolean {
  return startedAs !== "" && startOf(pid) === startedAs;
}

/** Returns the identity of the process that now has this id. Where none runs, the identity matches no process. */
export function identify(pid: number): ProcessIdentity {
  return { pid, startedAs: startOf(pid) ?? "" };
}

/** Returns every process whose command line contains these arguments in a row. Processes of other users may be missing. */
export function findProcesses(...args: readonly string[]): ProcessIdentity[] {
  const found = process.platform === "linux" ? searchProc(args) : searchPs(args);
  return found.filter((pid) => pid !== process.pid).map(identify);
}

function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (["Z", "X", "x"].includes(fields[stateField] ?? "")) return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[startField]}`;
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  const [stat = "", ...started] = ps("-o", "stat=,lstart=", "-p", String(pid)).trim().split(/\s+/);
  return stat === "" || stat.startsWith("Z") ? undefined : started.join(" ");
}

function searchProc(args: readonly string[]): number[] {
  const wanted = `\0${args.join("\0")}\0`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return `\0${readFileSync(`/proc/${pid}/cmdline`, "utf8")}`.includes(wanted);
      } catch {
        return false; // It has ended.
      }
    });
}

function searchPs(args: readonly string[]): number[] {
  const wanted = ` ${args.join(" ")} `;
  return ps("-axo", "pid=,command=")
    .split("\n")
    .filter((line) => `${line} `.includes(wanted))
    .map((line) => Number.parseInt(line, 10));
}

function ps(...args: string[]): string {
  try {
    return execFileSync("ps", args, {
      encoding: "utf8",
      env: { PATH: "/bin:/usr/bin", LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return ""; // ps fails where no process matches.
  }
}
