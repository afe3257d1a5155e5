import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { addFsck } from "./fsck.ts";

/** Adds `storage fsck`. */
export function addStorage(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const storage = program
    .command("storage")
    .summary("check the shared store of pictures")
    .description("The store of pictures, results and frames.");
  addFsck(storage, io, finish);
}
