import { Command, CommanderError } from "commander";
import { addAccessFlags } from "./access.ts";
import { useAddressVariable } from "./address-option.ts";
import { addConfig } from "./commands/config.ts";
import { addDlq } from "./commands/dlq.ts";
import { addDown } from "./commands/down.ts";
import { addJobs } from "./commands/jobs.ts";
import { addModels } from "./commands/models/index.ts";
import { addRun } from "./commands/run.ts";
import { addStats } from "./commands/stats.ts";
import { addStatus } from "./commands/status.ts";
import { addTop } from "./commands/top.ts";
import { addUp } from "./commands/up.ts";
import type { CliIo } from "./io.ts";
import { UsageError } from "./usage-error.ts";

const exitFailed = 1;
const exitUsage = 2;
const exitInterrupted = 130;

/** Runs one command line (without node and script) and answers the exit code: 0 good, 1 failed, 2 called wrongly, 130 interrupted. */
export async function runCli(args: readonly string[], given: CliIo): Promise<number> {
  const env = { ...given.env };
  const io = { ...given, env };
  let exitCode = 0;
  const finish = (code: number) => {
    exitCode = code;
  };
  const program = createProgram(io);
  addAccessFlags(program, (name, value) => {
    env[name] = value;
  });
  for (const add of [addUp, addDown, addRun, addStatus, addStats, addTop, addJobs, addModels, addDlq, addConfig])
    add(program, io, finish);
  useAddressVariable(program, env);
  try {
    if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
      const { version } = await import("@pixelmesh/service");
      io.stdout.write(`${version}\n`);
      return 0;
    }
    await program.parseAsync(args, { from: "user" });
    return io.stopping.aborted && exitCode !== 0 ? exitInterrupted : exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
    if (error instanceof UsageError) {
      io.stderr.write(`pixelmesh: ${error.message}\nSee pixelmesh ${args[0] ?? ""} --help\n`);
      return exitUsage;
    }
    const { toFailure } = await import("./failure.ts");
    const { reason, message } = toFailure(error);
    io.stderr.write(`pixelmesh: ${reason}: ${message}\n`);
    return io.stopping.aborted ? exitInterrupted : exitFailed;
  }
}

function createProgram(io: CliIo): Command {
  const write = (text: string) => io.stderr.write(text);
  return new Command("pixelmesh")
    .description("Upscales pictures, cuts out their background and applies effects, on a mesh of services.")
    .option("-V, --version", "print the version")
    .showHelpAfterError("See --help")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: write,
      outputError: (text, print) => print(`pixelmesh: ${text.replace(/^error: /, "")}`),
    });
}
