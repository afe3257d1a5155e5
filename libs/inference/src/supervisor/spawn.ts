import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { moduleBeside, nodeFlags } from "@pixelmesh/lifecycle";

/** A host process that has just been started. */
export type HostProcess = {
  readonly child: ChildProcess;
  /** The last lines it wrote to standard error, at most 2,000 characters. */
  readonly lastWords: () => string;
};

const entry = fileURLToPath(moduleBeside(import.meta.url, "../host/main"));
const flags = nodeFlags(import.meta.url);

/** Starts the host's program, from source or built as this module is, on the Node that runs this one, with a socket as descriptor 3. */
export function spawnHost(socket: Socket, onLine: (line: string) => void, gpuUuid?: string): HostProcess {
  const child = spawn(process.execPath, [...flags, entry], {
    stdio: ["ignore", "ignore", "pipe", socket],
    // The one GPU or instance it may see, which is then its first: indices differ between tools.
    ...(gpuUuid === undefined ? {} : { env: { ...process.env, CUDA_VISIBLE_DEVICES: gpuUuid } }),
  });
  let words = "";
  if (child.stderr) {
    createInterface({ input: child.stderr, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (line) => {
      words = `${words}\n${line}`.slice(-2_000);
      onLine(line.slice(0, 500));
    });
  }
  return { child, lastWords: () => words.trim() };
}
