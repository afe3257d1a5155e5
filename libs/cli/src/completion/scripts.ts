import type { CompletionFlag, CompletionNode } from "./tree.ts";

/** Shells with a completion script. */
export const shells = ["bash", "zsh", "fish"] as const;

/** A word of `shells`. */
export type Shell = (typeof shells)[number];

/** Returns the completion script of a shell for these commands. It contains all words, so that completing starts no process. */
export function toCompletionScript(shell: Shell, nodes: readonly CompletionNode[]): string {
  if (shell === "fish") return toFish(nodes);
  return shell === "bash" ? toBash(nodes) : toZsh(nodes);
}

const header = (shell: Shell, how: string) => `# ${shell} completion of pixelmesh. ${how}\n`;

/** Sets `at` to the commands typed so far: the words that are neither flags nor values of flags. It is not named `path`, which is PATH in zsh. */
function toPathLoop(nodes: readonly CompletionNode[], first: number): string {
  const cases = nodes
    .filter(({ subcommands }) => subcommands.length > 0)
    .flatMap(({ path, subcommands }) => subcommands.map(({ name }) => `"${[...path, name].join(" ")}"`));
  return `  local at="" word i
  for ((i = ${first}; i < ${first === 1 ? "COMP_CWORD" : "CURRENT"}; i++)); do
    word="\${${first === 1 ? "COMP_WORDS" : "words"}[i]}"
    case "\${at:+$at }$word" in
      ${cases.join(" | ")}) at="\${at:+$at }$word" ;;
    esac
  done
`;
}

function toBash(nodes: readonly CompletionNode[]): string {
  return `${header("bash", 'Use: eval "$(pixelmesh completion bash)"')}_pixelmesh() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
${toPathLoop(nodes, 1)}  COMPREPLY=()
  case "$at:$previous" in
${valueCases(nodes, {
  words: (words) => `mapfile -t COMPREPLY < <(compgen -W "${words.join(" ")}" -- "$current")`,
  file: 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current")',
  directory: 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current")',
})}  esac
  case "$at" in
${nodes
  .map((node) => {
    const files =
      node.takes === "files"
        ? `; [[ $current == -* ]] || { compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current"); }`
        : "";
    return `    "${node.path.join(" ")}") mapfile -t COMPREPLY < <(compgen -W "${wordsOf(node).join(" ")}" -- "$current")${files} ;;`;
  })
  .join("\n")}
  esac
}
complete -F _pixelmesh pixelmesh
`;
}

function toZsh(nodes: readonly CompletionNode[]): string {
  return `#compdef pixelmesh
${header("zsh", "Use: pixelmesh completion zsh > a directory of $fpath/_pixelmesh, or eval it after compinit")}_pixelmesh() {
${toPathLoop(nodes, 2)}  case "$at:\${words[CURRENT-1]}" in
${valueCases(nodes, { words: (words) => `compadd -- ${words.join(" ")}`, file: "_files", directory: "_files -/" })}  esac
  case "$at" in
${nodes
  .map((node) => {
    const files = node.takes === "files" ? `; [[ \${words[CURRENT]} == -* ]] || _files` : "";
    return `    "${node.path.join(" ")}") compadd -- ${wordsOf(node).join(" ")}${files} ;;`;
  })
  .join("\n")}
  esac
}
if [ "$funcstack[1]" = _pixelmesh ]; then _pixelmesh "$@"; else compdef _pixelmesh pixelmesh; fi
`;
}

function wordsOf({ subcommands, flags, takes }: CompletionNode): string[] {
  const own = Array.isArray(takes) ? (takes as readonly string[]) : [];
  return [...subcommands.map(({ name }) => name), ...own, ...flags.flatMap(({ names }) => names)];
}

type ValueActions = {
  readonly words: (words: readonly string[]) => string;
  readonly file: string;
  readonly directory: string;
};

function valueCases(nodes: readonly CompletionNode[], actions: ValueActions): string {
  const lines = nodes.flatMap(({ path, flags }) =>
    flags
      .filter(({ value }) => value !== "none")
      .map((flag) => {
        const patterns = flag.names.map((name) => `"${path.join(" ")}:${name}"`).join(" | ");
        return `    ${patterns}) ${[...actionOf(flag, actions), "return"].join("; ")} ;;\n`;
      }),
  );
  return lines.join("");
}

function actionOf({ value }: CompletionFlag, { words, file, directory }: ValueActions): string[] {
  if (value === "file") return [file];
  if (value === "directory") return [directory];
  return Array.isArray(value) ? [words(value as readonly string[])] : [];
}

function toFish(nodes: readonly CompletionNode[]): string {
  const lines = nodes.flatMap(({ path, subcommands, flags, takes }) => {
    const own = subcommands.map(({ name }) => name);
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const here = own.length > 0 ? [...seen, `not __fish_seen_subcommand_from ${own.join(" ")}`] : seen;
    const line = (rest: string, at = here) =>
      `complete -c pixelmesh${at.length > 0 ? ` -n '${at.join("; and ")}'` : ""} ${rest}`;
    const words = Array.isArray(takes) ? (takes as readonly string[]) : [];
    return [
      ...subcommands.map(({ name, description }) => line(`-f -a ${name} -d '${description}'`)),
      ...(takes === "nothing" && own.length === 0 ? [line("-f")] : []),
      ...(words.length > 0 ? [line(`-f -a '${words.join(" ")}'`)] : []),
      ...(path.length === 0 || own.length === 0 ? flags : []).map((flag) =>
        line(toFishFlag(flag), path.length === 0 ? [] : seen),
      ),
    ];
  });
  return `${header("fish", "Use: pixelmesh completion fish > ~/.config/fish/completions/pixelmesh.fish")}${[...new Set(lines)].join("\n")}\n`;
}

function toFishFlag({ names, description, value }: CompletionFlag): string {
  const spelled = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const takes =
    value === "none"
      ? ""
      : value === "file"
        ? " -r -F"
        : value === "directory"
          ? " -x -a '(__fish_complete_directories)'"
          : " -x";
  const words = Array.isArray(value) ? ` -a '${value.join(" ")}'` : "";
  return `${spelled.join(" ")}${takes}${words} -d '${description}'`;
}
