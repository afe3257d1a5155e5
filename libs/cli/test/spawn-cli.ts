import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const pixelmesh = fileURLToPath(new URL("../../../bin/pixelmesh", import.meta.url));

/** Options of a command line that runs as a process. */
export type SpawnOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: Uint8Array;
  /** Default: pipes. */
  readonly stdio?: StdioOptions;
};

/** Starts `pixelmesh` as a process. */
export function spawnCli(args: readonly string[], { env = {}, cwd, stdio = "pipe" }: SpawnOptions = {}): ChildProcess {
  return spawn(pixelmesh, args, { env: { ...process.env, ...env }, stdio, ...(cwd === undefined ? {} : { cwd }) });
}

/** Runs `pixelmesh` as a process. Resolves at its end with exit code, bytes of standard output, and text of standard error. */
export async function runProcess(args: readonly string[], options: SpawnOptions = {}) {
  const child = spawnCli(args, options);
  const [out, err]: Buffer[][] = [[], []];
  child.stdout?.on("data", (chunk) => out?.push(chunk));
  child.stderr?.on("data", (chunk) => err?.push(chunk));
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input ?? "");
  const [exitCode] = await once(child, "close");
  return {
    exitCode: exitCode as number | null,
    out: Buffer.concat(out ?? []),
    err: Buffer.concat(err ?? []).toString(),
  };
}
