import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readFamilyCpuMs } from "./machine.ts";

/** A running baseline script with its model loaded. */
export type BaselineProcess = {
  run(picturePath: string): Promise<{ ms: number; bytes: number }>;
  /** Its processor time so far, in milliseconds. */
  cpuMs(): number;
  close(): Promise<void>;
};

/** Starts the baseline script. */
export function startBaseline(modelPath: string, threads: number): BaselineProcess {
  const script = fileURLToPath(new URL("./baseline-upscale.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=development", script, modelPath, String(threads)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(picturePath) {
      child.stdin.write(`${picturePath}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("The baseline script ended");
      return JSON.parse(value);
    },
    cpuMs: () => readFamilyCpuMs(child.pid as number),
    async close() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}
