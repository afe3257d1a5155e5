import { spawnSync } from "node:child_process";

/** Runs a command. Throws an Error with its output if it fails. */
export function run(file: string, args: readonly string[], cwd: string): void {
  const { status, signal, error, stdout, stderr } = spawnSync(file, args, { cwd, encoding: "utf8" });
  if (error) throw error;
  if (status !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${status ?? signal}:\n${stdout}${stderr}`);
}
