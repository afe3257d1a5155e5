import { spawn } from "node:child_process";
import type { Env } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import { createErrorLines } from "./error-lines.ts";
import type { LogFile } from "./log-file.ts";
import type { ServiceCommand } from "./services.ts";

/** A running process. */
export type Child = {
  readonly pid: number;
  /** Resolves with how it ended: "exit 1", "signal SIGKILL". */
  readonly exited: Promise<string>;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
};

const lastWordsMs = 200;

/**
 * Starts a service process. What it writes goes to the log, its error lines to `onError` as well. It has a process group
 * of its own, so that Ctrl-C in a terminal reaches us alone, and a standard input that ends when we do. Throws
 * SERVICE_UNAVAILABLE where the program cannot be run at all.
 */
export async function startChild(
  [file, ...args]: ServiceCommand,
  env: Env,
  log: LogFile,
  onError: (text: string) => void,
): Promise<Child> {
  const child = spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      const why = signal === null ? `exit ${code}` : `signal ${signal}`;
      child.once("close", () => resolve(why));
      // Its last words are still in the pipe, which a process of its own may keep open for longer than we care.
      setTimeout(resolve, lastWordsMs, why);
    });
  });
  // The pipe breaks when the service ends first: that is what `exited` is for.
  child.stdin.on("error", () => {});
  child.stdout.on("data", log.write);
  child.stderr.on("data", log.write);
  child.stderr.on("data", createErrorLines(onError));
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
