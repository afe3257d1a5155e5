import type { Command } from "commander";
import type { CliIo } from "../io.ts";

/** Adds one command to the program. `finish` gets the exit code; `asAsked`: Ctrl-C is the usual end of the command. */
export type AddCommand = (program: Command, io: CliIo, finish: (exitCode: number, asAsked?: boolean) => void) => void;

/** Every command by its name, in the order of the help. */
export const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  up: async () => (await import("./up.ts")).addUp,
  down: async () => (await import("./down.ts")).addDown,
  run: async () => (await import("./run.ts")).addRun,
  watch: async () => (await import("./watch.ts")).addWatch,
  status: async () => (await import("./status.ts")).addStatus,
  stats: async () => (await import("./stats.ts")).addStats,
  top: async () => (await import("./top.ts")).addTop,
  jobs: async () => (await import("./jobs.ts")).addJobs,
  batches: async () => (await import("./batches.ts")).addBatches,
  models: async () => (await import("./models/index.ts")).addModels,
  effects: async () => (await import("./effects/index.ts")).addEffects,
  features: async () => (await import("./features.ts")).addFeatures,
  storage: async () => (await import("./storage/index.ts")).addStorage,
  cache: async () => (await import("./cache/index.ts")).addCache,
  dlq: async () => (await import("./dlq.ts")).addDlq,
  config: async () => (await import("./config.ts")).addConfig,
  completion: async () => (await import("./completion.ts")).addCompletion,
};

/** It prints flags of all commands. */
const describesAll = "completion";

/**
 * Loads the command that the line of arguments begins with, or all commands where it begins with none of them: for the help, and for the
 * names that a wrong one may mean. The modules of the other commands would take a sixth of the processor time of a short one.
 */
export function loadCommands(args: readonly string[]): Promise<readonly AddCommand[]> {
  const [name = ""] = args;
  const isOne = Object.hasOwn(commands, name) && name !== describesAll;
  return Promise.all(Object.entries(commands).flatMap(([each, load]) => (isOne && each !== name ? [] : [load()])));
}
