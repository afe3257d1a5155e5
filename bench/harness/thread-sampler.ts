import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Threads in state R at one moment, by `<process>/<thread>` and, for children of a process, `<process> host/<thread>`; `machine`: of the whole machine. */
export type ThreadSample = Readonly<Record<string, number>>;

/** A process that samples threads in state R. */
export type ThreadSampler = {
  /** Returns the samples since the last call. */
  readSamples(): Promise<readonly ThreadSample[]>;
  close(): void;
};

/** Starts to sample processes, and their children at each moment, every `periodMs` (Linux only). */
export function startThreadSampler(
  processes: readonly { readonly name: string; readonly pid: number }[],
  periodMs = 10,
): ThreadSampler {
  const script = fileURLToPath(new URL("sample-threads.ts", import.meta.url));
  const args = [script, String(periodMs), ...processes.map(({ name, pid }) => `${name}=${pid}`)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async readSamples() {
      child.stdin.write("\n");
      return JSON.parse(String((await lines.next()).value));
    },
    close: () => child.kill(),
  };
}
