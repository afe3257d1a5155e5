import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A running tool that prints lines until it is ended. */
export type WatchedTool = { end(): void };

/**
 * Starts `command` and passes its lines, of both outputs, to `on.line`. Calls `on.end` once with how the tool ended, also if it
 * could not be started.
 */
export function watchTool(
  command: string,
  args: readonly string[],
  on: { line(text: string): void; end(how: string): void },
): WatchedTool {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let hasEnded = false;
  const end = (how: string) => {
    if (hasEnded) return;
    hasEnded = true;
    on.end(how);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", on.line);
  child.on("error", (error) => end(error.message));
  // "close" comes after all output was read, "exit" may come before.
  child.on("close", (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  return { end: () => void child.kill("SIGKILL") };
}

/** Runs a tool and resolves with its standard output; empty if it fails, does not end within 5 s, or is not installed. */
export function runTool(command: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const options = { timeout: 5_000, killSignal: "SIGKILL", maxBuffer: 16 * 1024 * 1024, signal } as const;
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout) => resolve(error ? "" : stdout));
  });
}
