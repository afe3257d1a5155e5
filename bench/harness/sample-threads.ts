/**
 * A process that counts runnable threads: `node sample-threads.ts PERIOD_MS NAME=PID…`. Each line on standard input makes it print the samples since
 * the last line as JSON. A sample is the threads in state R by process and name of the thread, `NAME/THREAD`; for children of a process it is
 * `NAME host/THREAD`, and for the whole machine without this process `machine` (Linux only, proc_pid_stat(5)).
 */
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [periodMs, ...named] = process.argv.slice(2);
const processes = named.map((each) => each.split("=") as [string, string]);
let samples: Record<string, number>[] = [];

setInterval(() => samples.push(takeSample()), Number(periodMs));
for await (const _line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(samples)}\n`);
  samples = [];
}
process.exit();

function takeSample(): Record<string, number> {
  const sample: Record<string, number> = { machine: countOnMachine() - 1 };
  for (const [name, pid] of processes) {
    addRunnable(sample, name, pid);
    for (const child of childrenOf(pid)) addRunnable(sample, `${name} host`, child);
  }
  return sample;
}

function countOnMachine(): number {
  return Number(readFileSync("/proc/loadavg", "utf8").split(" ")[3]?.split("/")[0]);
}

function addRunnable(sample: Record<string, number>, name: string, pid: string): void {
  for (const task of tasksOf(pid)) {
    const [, thread, state] = readTask(pid, task, "stat").match(/\((.*)\) (.)/) ?? [];
    if (state === "R") sample[`${name}/${thread}`] = (sample[`${name}/${thread}`] ?? 0) + 1;
  }
}

function childrenOf(pid: string): string[] {
  return tasksOf(pid).flatMap((task) =>
    readTask(pid, task, "children")
      .split(" ")
      .filter((child) => child !== ""),
  );
}

function tasksOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Returns a file of a thread; empty if the thread has ended. */
function readTask(pid: string, task: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${task}/${file}`, "utf8");
  } catch {
    return "";
  }
}
