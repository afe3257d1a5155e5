import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A running program. Disposal ends it. */
export type Program = AsyncDisposable & {
  readonly name: string;
  readonly pid: number;
  /** Returns the last lines of its log. */
  lastLines(): string;
  /** Throws with the end of its log if it has ended. */
  assertRuns(): void;
};

const stopMs = 5_000;

/** Starts a program with its output in `logFile`. Disposal sends SIGTERM, and SIGKILL after 5 s. */
export function startProgram(
  path: string,
  args: readonly string[],
  options: { readonly logFile: string; readonly env?: Readonly<Record<string, string>> },
): Program {
  const name = basename(path);
  const log = openSync(options.logFile, "a");
  // A process group of its own: Ctrl-C reaches this process only, which then stops its programs in order.
  const child = spawn(path, args, {
    stdio: ["ignore", log, log],
    detached: true,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env },
  });
  closeSync(log);
  let failed: Error | undefined;
  child.on("error", (error) => {
    failed = error;
  });
  const lastLines = () => readFileSync(options.logFile, "utf8").trim().split("\n").slice(-12).join("\n");
  return {
    name,
    pid: child.pid ?? 0,
    lastLines,
    assertRuns() {
      if (failed !== undefined) throw failed;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(
          `Expected ${name} to run, but it ended with ${child.exitCode ?? child.signalCode}:\n${lastLines()}`,
        );
    },
    [Symbol.asyncDispose]: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const limit = new AbortController();
  const late = sleep(stopMs, "late", { signal: limit.signal }).catch(() => "stopped");
  if ((await Promise.race([exited, late])) === "late") {
    child.kill("SIGKILL");
    await exited;
  }
  limit.abort();
}

/** Calls `check` until it resolves with true. Throws when a program has ended, or after `limitMs` with the programs' logs. */
export async function waitUntil(
  what: string,
  check: () => Promise<boolean>,
  options: { readonly programs?: readonly Program[]; readonly limitMs: number; readonly everyMs?: number },
): Promise<void> {
  const { programs = [], limitMs, everyMs = 100 } = options;
  const startMs = performance.now();
  let last: unknown;
  for (;;) {
    for (const program of programs) program.assertRuns();
    try {
      if (await check()) return;
    } catch (error) {
      last = error;
    }
    if (performance.now() - startMs > limitMs) {
      const logs = programs.map((it) => `--- ${it.name}\n${it.lastLines()}`).join("\n");
      throw new Error(`Expected ${what} within ${limitMs / 1000} s${last ? `, got ${last}` : ""}\n${logs}`);
    }
    await sleep(everyMs);
  }
}
