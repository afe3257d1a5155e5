import { choiceFlag, formats, priorities, qualities } from "@pixelmesh/flag-values";
import type { Command } from "commander";
import { type Shell, shells, toCompletionScript } from "../completion/scripts.ts";
import { toCompletionTree } from "../completion/tree.ts";
import type { CliIo } from "../io.ts";
import { jobStates } from "../options/filter-flags.ts";

const examples = `
Examples:
  eval "$(pixelmesh completion bash)"                                     in ~/.bashrc
  eval "$(pixelmesh completion zsh)"                                      in ~/.zshrc, after compinit
  pixelmesh completion fish > ~/.config/fish/completions/pixelmesh.fish`;

/** Adds `completion`. */
export function addCompletion(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("completion")
    .summary("print a completion script for a shell")
    .description("Prints a script with which a shell completes commands, flags and their values.")
    .argument("<shell>", shells.join(", "), choiceFlag("shell", shells))
    .addHelpText("after", examples)
    .action((shell: Shell) => {
      const words = {
        "--format": formats,
        "--quality": qualities,
        "--priority": priorities,
        "--upscale": ["2", "3", "4"],
        "--state": jobStates,
        "--task": ["upscale", "matte"],
        "--range": ["unit", "byte"],
      };
      io.stdout.write(toCompletionScript(shell, toCompletionTree(program, words)));
      finish(0);
    });
}
