import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { addConvert } from "./convert.ts";
import { addImport } from "./import.ts";
import { addList } from "./list.ts";
import { addLoad, addUnload } from "./load.ts";
import { addPull } from "./pull.ts";
import { addShow } from "./show.ts";
import { addVerify } from "./verify.ts";

/** Adds `models` with its subcommands. */
export function addModels(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const models = program
    .command("models")
    .summary("list, show, pull, verify, import, convert, load and unload models")
    .description(
      "Lists the models there are, brings further ones here, checks them, makes entries for your own, converts checkpoints, and keeps them in memory or not.",
    );
  for (const add of [addList, addShow, addPull, addVerify, addImport, addConvert, addLoad, addUnload])
    add(models, io, finish);
}
