import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Samples memory from a process of its own, so that its work is not charged to a side. */
export type MemorySampler = {
  /** Starts to sample the child processes of this process, without the trees below `excluded`. */
  start(excluded: readonly number[]): void;
  /** Stops, and resolves to the highest sum of proportional set sizes since the start, in bytes. */
  stop(): Promise<number>;
  close(): Promise<void>;
};

/** Starts the sampling process. */
export function startMemorySampler(): MemorySampler {
  const script = fileURLToPath(new URL("./sample-memory.ts", import.meta.url));
  const args = ["--conditions=development", "--disable-warning=ExperimentalWarning", script, String(process.pid)];
  const child: ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream } = spawn(
    process.execPath,
    args,
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    start: (excluded) => void child.stdin.write(`start ${[child.pid, ...excluded].join(" ")}\n`),
    async stop() {
      child.stdin.write("stop\n");
      const { value, done } = await lines.next();
      if (done) throw new Error("The process that samples memory ended");
      return Number(value);
    },
    async close() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}
