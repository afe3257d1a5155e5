import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readFamilyCpuMs } from "./machine.ts";

/** The straight script as a process with its model loaded. */
export type Straight = {
  run(picturePath: string): Promise<{ ms: number; bytes: number }>;
  /** Processor time that it has used so far, in milliseconds. */
  cpuMs(): number;
  close(): Promise<void>;
};

/** Starts bench/harness/straight.ts. */
export function startStraight(modelPath: string, threads: number): Straight {
  const script = fileURLToPath(new URL("./straight.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=development", script, modelPath, String(threads)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(picturePath) {
      child.stdin.write(`${picturePath}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("The straight script ended");
      return JSON.parse(value);
    },
    cpuMs: () => readFamilyCpuMs(child.pid as number),
    async close() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}
