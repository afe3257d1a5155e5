import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { addList } from "./list.ts";
import { addPreview } from "./preview.ts";
import { addShow } from "./show.ts";

/** Adds `effects` with its subcommands. */
export function addEffects(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const effects = program
    .command("effects")
    .summary("list, show and preview effects")
    .description("Lists the effects of a mesh, shows the parameters of one, and makes small previews on a picture.");
  for (const add of [addList, addShow, addPreview]) add(effects, io, finish);
}
