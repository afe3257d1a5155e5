import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { moduleBeside, nodeFlags } from "@pixelmesh/lifecycle";

/** A host process that has just been started. */
export type SpawnedHost = {
  readonly child: ChildProcess;
  /** The last lines of its standard error, at most 2,000 characters. */
  readonly stderrTail: () => string;
};

const entry = fileURLToPath(moduleBeside(import.meta.url, "../host/main"));
const flags = nodeFlags(import.meta.url);

/**
 * Starts the host program, as source or built like this module, on the Node that runs this process. `socket` becomes its
 * descriptor 3. `onLine` receives each line of standard error, at most 500 characters of it.
 */
export function spawnHost(socket: Socket, onLine: (line: string) => void, gpuUuid?: string): SpawnedHost {
  const child = spawn(process.execPath, [...flags, entry], {
    stdio: ["ignore", "ignore", "pipe", socket],
    // The process sees this GPU or instance only, as index 0: indices differ between tools.
    ...(gpuUuid === undefined ? {} : { env: { ...process.env, CUDA_VISIBLE_DEVICES: gpuUuid } }),
  });
  let tail = "";
  if (child.stderr) {
    createInterface({ input: child.stderr, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      tail = `${tail}\n${line}`.slice(-2_000);
      onLine(line.slice(0, 500));
    });
  }
  return { child, stderrTail: () => tail.trim() };
}
