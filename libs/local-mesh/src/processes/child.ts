import { spawn } from "node:child_process";
import type { Env } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import type { LogFile } from "../logs/log-file.ts";
import type { ServiceCommand } from "../services/service-command.ts";
import { createLineReader } from "./output-lines.ts";

/** A running process. */
export type Child = {
  readonly pid: number;
  /** Resolves when the process has ended, with how: "exit 1", "signal SIGKILL". */
  readonly exited: Promise<string>;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
};

const lastOutputMs = 200;

/**
 * Starts a service process. Its output goes to the log; each line of its standard error goes to `onErrorLine` as well. It
 * has its own process group, so that Ctrl-C in a terminal reaches only us, and a standard input that ends when we end. Throws
 * SERVICE_UNAVAILABLE where the program cannot be run.
 */
export async function startChild(
  [file, ...args]: ServiceCommand,
  env: Env,
  log: LogFile,
  onErrorLine: (line: string) => void,
): Promise<Child> {
  const child = spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      const why = signal === null ? `exit ${code}` : `signal ${signal}`;
      child.once("close", () => resolve(why));
      // Its last output is still in the pipe. A grandchild may keep that open for much longer.
      setTimeout(resolve, lastOutputMs, why);
    });
  });
  // The pipe breaks when the service ends first; `exited` reports that.
  child.stdin.on("error", () => {});
  child.stdout.on("data", log.write);
  child.stderr.on("data", log.write);
  child.stderr.on("data", createLineReader(onErrorLine));
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) => {
      reject(new AppError("SERVICE_UNAVAILABLE", `${file} cannot be run: ${cause.message}`, { cause }));
    });
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid as number,
    exited,
    isRunning,
    kill: (signal) => {
      if (isRunning()) child.kill(signal);
    },
  };
}
