import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A tool that goes on printing until it is ended. */
export type Watching = { end(): void };

/** Starts `command` and hands on its lines; `onEnd` is called once, with how it ended, also where it cannot be started. */
export function watchTool(
  command: string,
  args: readonly string[],
  on: { line(text: string): void; end(how: string): void },
): Watching {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let hasEnded = false;
  const end = (how: string) => {
    if (hasEnded) return;
    hasEnded = true;
    on.end(how);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", on.line);
  child.on("error", (error) => end(error.message));
  // After its streams are read, so that its last words come before its end.
  child.on("close", (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  return { end: () => void child.kill("SIGKILL") };
}

/** What a tool prints to standard output; empty where it fails, hangs for 5 s, or is not there. */
export function askTool(command: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const options = { timeout: 5_000, killSignal: "SIGKILL", maxBuffer: 16 * 1024 * 1024, signal } as const;
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout) => resolve(error ? "" : stdout));
  });
}
