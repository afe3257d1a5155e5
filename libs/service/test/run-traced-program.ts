import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answer, Command, Traced } from "./traced-program.ts";

/** A running program that traces what it is told. */
export type TracedProgram = {
  /** Whether it has loaded OpenTelemetry's SDK. */
  readonly isSdkLoaded: boolean;
  /** Traces calls and returns their ids. */
  trace(command: Exclude<Command, "close">): Promise<readonly Traced[]>;
  /** Ends tracing and the program. Returns the number of lost spans by reason. */
  close(): Promise<Readonly<Record<string, number>>>;
  /** What it has written to standard output, and its log lines. */
  stdout(): string;
  log(): readonly Readonly<Record<string, unknown>>[];
  [Symbol.asyncDispose](): Promise<void>;
};

const file = fileURLToPath(new URL("traced-program.ts", import.meta.url));

/** Runs the program as a process of its own, with these variables and none of this process's OpenTelemetry variables. Throws its standard error if it ends before it is ready. */
export async function runTracedProgram(env: Readonly<Record<string, string>>): Promise<TracedProgram> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(OTEL|PIXELMESH)_/.test(name));
  const child = fork(file, {
    execArgv: ["--conditions=development"],
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<never>((_resolve, reject) => child.once("close", () => reject(new Error(stderr))));
  ended.catch(() => {});
  const next = () => Promise.race([ended, new Promise<Answer>((resolve) => child.once("message", resolve))]);
  const ask = (command: Command) => {
    const answered = next();
    child.send(command);
    return answered;
  };
  const first = await next();
  return {
    isSdkLoaded: "ready" in first && first.isSdkLoaded,
    async trace(command) {
      const answer = await ask(command);
      return "traced" in answer ? answer.traced : [];
    },
    async close() {
      const answer = await ask("close");
      await ended.catch(() => {});
      return "lost" in answer ? answer.lost : {};
    },
    stdout: () => stdout,
    log: () =>
      stderr
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line)),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended.catch(() => {});
    },
  };
}
