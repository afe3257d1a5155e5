/**
 * `node sample-memory.ts ROOT` reads `start PID…` and `stop` from standard input. Between them it samples the memory of the processes
 * below ROOT without the trees below the PIDs. It prints the highest sum in bytes after each `stop`.
 */
import { createInterface } from "node:readline";
import { readTreePss } from "./process-tree.ts";

const intervalMs = 400;
const root = Number(process.argv[2]);
let excluded: number[] = [];
let peak = 0;
let timer: NodeJS.Timeout | undefined;

const sample = () => {
  peak = Math.max(peak, readTreePss(root, excluded));
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...pids] = line.split(" ");
  clearInterval(timer);
  sample();
  if (command === "start") {
    excluded = pids.map(Number);
    peak = 0;
    timer = setInterval(sample, intervalMs);
  } else process.stdout.write(`${peak}\n`);
}
clearInterval(timer);
