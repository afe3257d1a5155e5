import { type ExecFileException, execFile } from "node:child_process";
import { promisify } from "node:util";

/** Options of a command. */
export type CommandOptions = {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Time after which it is killed; default 5 min. */
  readonly timeoutMs?: number;
};

const exec = promisify(execFile);

/** Runs a command and resolves to its standard output. Throws an Error with all its output if it fails or takes too long. */
export async function command(file: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const { cwd, env = {}, timeoutMs = 5 * 60_000 } = options;
  try {
    const { stdout } = await exec(file, args, {
      cwd,
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "", code, signal } = error as ExecFileException;
    const how = code ?? signal ?? (error as Error).message;
    throw new Error(`${file} ${args.join(" ")} ended with ${how}:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Whether a program of this name can be run. */
export async function hasProgram(name: string, versionFlag = "--version"): Promise<boolean> {
  return command(name, [versionFlag], { cwd: "/", timeoutMs: 20_000 }).then(
    () => true,
    () => false,
  );
}
