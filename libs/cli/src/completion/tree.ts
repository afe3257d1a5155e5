import type { Command, Option } from "commander";

/** A flag to complete. */
export type CompletionFlag = {
  /** The long name, `--format`, and the short one, `-o`, if any. */
  readonly names: readonly string[];
  readonly description: string;
  /** Its value: none, a file, a directory, one of some words, or any text. */
  readonly value: "none" | "file" | "directory" | "text" | readonly string[];
};

/** A command to complete. */
export type CompletionNode = {
  /** Its words, without `pixelmesh`: `["jobs", "list"]`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly CompletionFlag[];
  /** Its arguments: none, files, or one of some words. */
  readonly takes: "nothing" | "files" | readonly string[];
};

/** The possible values of flags that take one of a few words, by long name. */
export type FlagWords = Readonly<Record<string, readonly string[]>>;

/** Returns every command of the program with its flags, parents first. */
export function toCompletionTree(program: Command, words: FlagWords): readonly CompletionNode[] {
  const shared = [...program.options];
  function walk(command: Command, path: readonly string[]): CompletionNode[] {
    const own = path.length === 0 ? shared : [...command.options, ...shared.filter(({ long }) => long !== "--version")];
    const node: CompletionNode = {
      path,
      description: toLine(command.summary() || command.description()),
      subcommands: command.commands.map((it) => ({
        name: it.name(),
        description: toLine(it.summary() || it.description()),
      })),
      flags: [
        ...own.map((option) => toFlag(option, words)),
        { names: ["--help", "-h"], description: "show help", value: "none" },
      ],
      takes: toArguments(command),
    };
    return [node, ...command.commands.flatMap((it) => walk(it, [...path, it.name()]))];
  }
  return walk(program, []);
}

function toFlag({ long, short, description, required, flags }: Option, words: FlagWords): CompletionFlag {
  const names = [long, short].filter((name) => typeof name === "string");
  const known = words[long ?? ""];
  const value = !required
    ? "none"
    : (known ?? (/<file/.test(flags) ? "file" : /<dir/.test(flags) ? "directory" : "text"));
  return { names, description: toLine(description), value };
}

function toArguments(command: Command): CompletionNode["takes"] {
  const [first] = command.registeredArguments;
  if (first === undefined) return "nothing";
  if (/picture|file|dir/.test(first.name())) return "files";
  const listed = first.description.split(", ");
  return listed.length > 1 && listed.every((word) => /^[a-z-]+$/.test(word)) ? listed : "nothing";
}

/** Returns the text as one line, without characters that shells interpret. */
function toLine(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replaceAll("'", "’")
    .replace(/[`"\\$:[\]]/g, "");
}
