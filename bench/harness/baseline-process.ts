import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readFamilyCpuMs } from "./machine.ts";

/** A running baseline script with its model loaded. */
export type BaselineProcess = {
  /** Runs one picture by its path, or several by a JSON list of paths. */
  run(paths: string): Promise<{ ms: number; bytes: number }>;
  /** Its processor time so far, in milliseconds. */
  cpuMs(): number;
  close(): Promise<void>;
};

/** A baseline script, and the second number that it takes: the threads of one session, or the sessions of one thread. */
type BaselineScript = "baseline-upscale" | "baseline-cut-outs";

/** Starts a baseline script. */
export function startBaseline(
  modelPath: string,
  threads: number,
  name: BaselineScript = "baseline-upscale",
): BaselineProcess {
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ["--conditions=development", script, modelPath, String(threads)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async run(paths) {
      child.stdin.write(`${paths}\n`);
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
