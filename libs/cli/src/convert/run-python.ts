import { execFile } from "node:child_process";
import type { Env } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";

/** What a program printed, and its exit code. */
export type PythonRun = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/** How a program is run. The environment is that of the command, so that proxies and the registry of pip apply. */
export type PythonRunOptions = { readonly env: Env; readonly signal: AbortSignal; readonly timeoutMs: number };

const maxOutputBytes = 1024 * 1024;

/**
 * Runs a program to its end. Rejects with INVALID_ARGUMENT if it cannot be started, DEADLINE_EXCEEDED after `timeoutMs`, and the
 * signal's reason if that is aborted. The program is killed in both cases.
 */
export function runPython(
  file: string,
  args: readonly string[],
  { env, signal, timeoutMs }: PythonRunOptions,
): Promise<PythonRun> {
  return new Promise((resolve, reject) => {
    const options = { env, signal, timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: maxOutputBytes } as const;
    execFile(file, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ exitCode: 0, stdout, stderr });
      else if (signal.aborted) reject(signal.reason);
      else if (typeof error.code === "number") resolve({ exitCode: error.code, stdout, stderr });
      else reject(toError(file, error, timeoutMs));
    });
  });
}

function toError(file: string, error: Error & { readonly killed?: boolean }, timeoutMs: number): AppError {
  return error.killed
    ? new AppError("DEADLINE_EXCEEDED", `${file} was stopped after ${timeoutMs / 1_000} s`)
    : new AppError("INVALID_ARGUMENT", `${file} cannot be run: ${error.message.slice(0, 300)}`);
}
