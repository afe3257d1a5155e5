import { toUsageText, UsageError } from "@pixelmesh/flag-values";
import { Command, CommanderError } from "commander";
import { loadCommands } from "./commands/index.ts";
import { toSafeTerminal } from "./format/safe-text.ts";
import { type CliIo, ReaderGone } from "./io.ts";
import { addAccessFlags } from "./options/access.ts";
import { useAddressVariable } from "./options/address-option.ts";

const exitFailed = 1;
const exitUsage = 2;
const exitInterrupted = 130;

/** Runs one command line (without node and script) and resolves with the exit code: 0 succeeded, 1 failed, 2 called wrongly, 130 interrupted. */
export async function runCli(args: readonly string[], given: CliIo): Promise<number> {
  const env = { ...given.env };
  const io: CliIo = { ...given, env, stdout: toSafeTerminal(given.stdout), stderr: toSafeTerminal(given.stderr) };
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
    const { version } = await import("@pixelmesh/roles");
    io.stdout.write(`${version}\n`);
    return 0;
  }
  let exitCode = 0;
  let isEndedAsAsked = false;
  /** `asAsked`: Ctrl-C is the usual end of the command, so it does not change the exit code. */
  const finish = (code: number, asAsked = false) => {
    exitCode = code;
    isEndedAsAsked = asAsked;
  };
  const program = createProgram(io);
  addAccessFlags(program, (name, value) => {
    env[name] = value;
  });
  for (const add of await loadCommands(args)) add(program, io, finish);
  useAddressVariable(program, env);
  try {
    await program.parseAsync(args, { from: "user" });
    if (io.stopping.reason instanceof ReaderGone) return exitFailed;
    return io.stopping.aborted && exitCode !== 0 && !isEndedAsAsked ? exitInterrupted : exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitUsage;
    if (error instanceof UsageError) {
      io.stderr.write(`pixelmesh: ${await toMaskedText(error)}\nSee ${toHelpCommand(program, args)}\n`);
      return exitUsage;
    }
    if (io.stopping.reason instanceof ReaderGone) return exitFailed;
    const { toFailure } = await import("./run/failure.ts");
    const { reason, message } = toFailure(error);
    io.stderr.write(`pixelmesh: ${reason}: ${message}\n`);
    return io.stopping.aborted ? exitInterrupted : exitFailed;
  }
}

/** Loads the masking of secrets only where the text may hold one, since that import would slow down every wrong command. */
async function toMaskedText(error: UsageError): Promise<string> {
  if (!/@|:\/\//.test(error.got ?? error.message)) return error.message;
  const { maskSecrets, maskSecretValue } = await import("@pixelmesh/errors");
  return toUsageText(error, error.got === undefined ? maskSecrets : maskSecretValue);
}

/** Returns the command line that prints the help of the called command. */
function toHelpCommand(program: Command, args: readonly string[]): string {
  const path = ["pixelmesh"];
  let command: Command | undefined = program;
  for (const word of args) {
    command = command?.commands.find((it) => it.name() === word);
    if (command === undefined) break;
    path.push(word);
  }
  return `${path.join(" ")} --help`;
}

function createProgram(io: CliIo): Command {
  const write = (text: string) => io.stderr.write(text);
  return new Command("pixelmesh")
    .description("Upscales pictures, cuts out their background and applies effects, on a mesh of services.")
    .option("-V, --version", "print the version")
    .showHelpAfterError("See --help")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: write,
      outputError: (text, print) => print(`pixelmesh: ${text.replace(/^error: /, "")}`),
    });
}
