import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readFamilyCpuMs } from "./machine.ts";

/** A running baseline script with its model loaded. */
export type BaselineProcess = {
  /** Runs one picture by its path, several by a JSON list of paths, or as many bare runs as a number says. */
  run(work: string): Promise<{ ms: number; bytes: number }>;
  /** Its processor time so far, in milliseconds. */
  cpuMs(): number;
  close(): Promise<void>;
};

/** A baseline script. Its number is that of the threads of one session; of `baseline-cut-outs` that of sessions of one thread. */
type BaselineScript = "baseline-upscale" | "baseline-cut-outs" | "baseline-runs";

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
    async run(work) {
      child.stdin.write(`${work}\n`);
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
