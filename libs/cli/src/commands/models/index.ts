import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { addImport } from "./import.ts";
import { addList } from "./list.ts";
import { addPull } from "./pull.ts";
import { addVerify } from "./verify.ts";

/** Adds `models` with its subcommands. */
export function addModels(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const models = program
    .command("models")
    .summary("list, pull, verify and import models")
    .description("Lists the models there are, brings further ones here, checks them, and makes entries for your own.");
  for (const add of [addList, addPull, addVerify, addImport]) add(models, io, finish);
}
