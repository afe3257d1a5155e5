import { runCli } from "../../libs/cli/src/program.ts";
import { toPage } from "./markdown.ts";

/** The help of every command, parents first. */
export async function cliPage(): Promise<string> {
  const parts: string[] = [];
  for (const path of await commandPaths([]))
    parts.push(`## pixelmesh ${path.join(" ")}`.trim(), block(await helpOf(path)));
  return toPage("Command line", "the help of each command", [
    "Exit codes: 0 success, 1 failure, 2 wrong usage, 130 interrupted. [Use the command line](../how-to/use-the-command-line.md) shows examples.",
    ...parts,
  ]);
}

/** The command itself, then the commands below it. */
async function commandPaths(path: readonly string[]): Promise<(readonly string[])[]> {
  const below = subcommandsIn(await helpOf(path));
  const nested = await Promise.all(below.map((name) => commandPaths([...path, name])));
  return [path, ...nested.flat()];
}

function subcommandsIn(help: string): string[] {
  const [, list = ""] = help.split(/^Commands:\n/m);
  return [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)]
    .map(([, name]) => name as string)
    .filter((name) => name !== "help");
}

async function helpOf(path: readonly string[]): Promise<string> {
  let text = "";
  const write = (more: string) => (text += more);
  const { signal } = new AbortController();
  await runCli([...path, "--help"], {
    env: {},
    stdout: { write },
    stderr: { write },
    stopping: signal,
    forced: signal,
  });
  return text;
}

function block(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}
