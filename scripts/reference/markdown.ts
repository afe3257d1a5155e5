/** A generated page: title, a note that it is generated, and its parts, separated by empty lines. */
export function toPage(title: string, source: string, parts: readonly string[]): string {
  const note = `<!-- Generated from ${source} by \`make generate-docs\`. Do not edit. -->`;
  return `${[note, `# ${title}`, ...parts].join("\n\n")}\n`;
}

/** A Markdown table. Cells may hold any text without line breaks. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text as inline code; the empty text as nothing. */
export function toCode(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}
