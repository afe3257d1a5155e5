import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { createInterface, type Interface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** How a peer's process is started. */
export type PeerCommand = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Receives its standard error, and its standard output unless that is read. */
  readonly logPath: string;
};

/** A running process of a peer. */
export type PeerProcess = { readonly pid: number; close(): Promise<void> };

const startLimitMs = 180_000;
const stopGraceMs = 5_000;

/** Process groups that still run. Each peer leads a group, so that its own children end with it. */
const groups = new Set<number>();
process.on("exit", () => {
  for (const pid of groups) killGroup(pid, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

/** Starts a process and waits until it listens on `port` of 127.0.0.1. Throws with the end of its log if it ends or does not within 3 minutes. */
export async function startServer(command: PeerCommand, port: number): Promise<PeerProcess> {
  const { child, close } = launch(command, "ignore");
  const endMs = performance.now() + startLimitMs;
  while (!(await isListening(port))) {
    if (child.exitCode !== null || performance.now() > endMs) {
      await close();
      throw new Error(`${command.program} does not listen on ${port}: ${endOf(command.logPath)}`);
    }
    await sleep(100);
  }
  return { pid: child.pid as number, close };
}

/** A process that answers each line with a line of JSON. A request that is no text is written as JSON. */
export type LineProcess = PeerProcess & {
  ask(request: object | string): Promise<Readonly<Record<string, unknown>>>;
};

/** Starts a process that reads a line of JSON from standard input for each piece of work, and writes one when it is done. */
export function startLineProcess(command: PeerCommand): LineProcess {
  const { child, close } = launch(command, "pipe");
  const lines: Interface = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const answers = lines[Symbol.asyncIterator]();
  return {
    pid: child.pid as number,
    close,
    async ask(request) {
      child.stdin?.write(`${typeof request === "string" ? request : JSON.stringify(request)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${command.args[0] ?? command.program} ended: ${endOf(command.logPath)}`);
      return JSON.parse(value);
    },
  };
}

/** Runs a command to its end. Throws with the end of its log if it fails, and ends it with its children if `signal` aborts. */
export async function runCommand(command: PeerCommand, signal: AbortSignal): Promise<void> {
  const { child, close, exited } = launch(command, "ignore");
  const abort = () => void close();
  signal.addEventListener("abort", abort, { once: true });
  const code = await exited;
  signal.removeEventListener("abort", abort);
  killGroup(child.pid as number, "SIGKILL");
  groups.delete(child.pid as number);
  if (code !== 0) throw new Error(`${command.program} ended with ${code}: ${endOf(command.logPath)}`);
}

function launch({ program, args, env, cwd, logPath }: PeerCommand, stdin: "ignore" | "pipe") {
  const log = openSync(logPath, "a");
  const stdout = stdin === "pipe" ? "pipe" : log;
  const child: ChildProcess = spawn(program, args, { env, cwd, stdio: [stdin, stdout, log], detached: true });
  closeSync(log);
  const exited = new Promise<number | string | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  // A failed start is reported by the caller that waits.
  exited.catch(() => {});
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  return {
    child,
    exited,
    async close() {
      if (pid === undefined) return;
      killGroup(pid, "SIGTERM");
      await Promise.race([exited, sleep(stopGraceMs, undefined, { ref: false })]);
      killGroup(pid, "SIGKILL");
      groups.delete(pid);
      await Promise.race([exited, sleep(stopGraceMs, undefined, { ref: false })]);
    },
  };
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group has ended.
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}

function endOf(logPath: string): string {
  return readFileSync(logPath, "utf8").trimEnd().slice(-600);
}
