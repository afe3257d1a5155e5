/** Text of one comment, test name or paragraph, with the line (from 1) of each of its parts. */
export type Prose = { readonly lines: readonly { readonly line: number; readonly text: string }[] };

/** Extracts the prose of a file by its ending: comments and test names of .ts, comments of .proto and .sh, the text of .md. */
export function extractProse(path: string, content: string): Prose[] {
  const lines = content.split("\n");
  if (path.endsWith(".md")) return group(lines.map(toMarkdownText(lines)));
  if (path.endsWith(".sh")) return group(lines.map((line) => /^\s*#(?!!)\s?(.*)/.exec(line)?.[1]));
  return [...group(lines.map(toCommentText)), ...(path.endsWith(".ts") ? toTestNames(lines) : [])];
}

/** Joins neighbouring lines, since a phrase may be broken across them. An undefined line separates two texts. */
function group(texts: readonly (string | undefined)[]): Prose[] {
  const found: { line: number; text: string }[][] = [];
  let current: { line: number; text: string }[] = [];
  for (const [at, text] of texts.entries()) {
    if (text === undefined) current = [];
    else {
      if (current.length === 0) found.push(current);
      current.push({ line: at + 1, text: text.trim() });
    }
  }
  return found.map((lines) => ({ lines }));
}

/** The comment of a line of TypeScript or Protocol Buffers: of the whole line, or behind code. */
function toCommentText(line: string): string | undefined {
  const whole = /^\s*(?:\/\/+|\/\*+|\*)(.*)/.exec(line)?.[1];
  if (whole !== undefined) return whole.replace(/\*\/\s*$/, "");
  const trailing = /^(.*\S)\s\/\/ (.*)/.exec(line);
  // Quotes in pairs: the slashes are not in a string.
  const isComment = trailing && ['"', "'", "`"].every((quote) => trailing[1]!.split(quote).length % 2 === 1);
  return isComment ? trailing[2] : undefined;
}

/** The name of a test begins a sentence. */
function toTestNames(lines: readonly string[]): Prose[] {
  return lines.flatMap((line, at) => {
    const name = /^\s*(?:test|it|describe)(?:\.\w+)*(?:\(.*\))?\(\s*["'`](.+)/.exec(line)?.[1];
    if (name === undefined) return [];
    return [{ lines: [{ line: at + 1, text: name[0]!.toUpperCase() + name.slice(1) }] }];
  });
}

/** Lines of a page outside of code blocks, without inline code. */
function toMarkdownText(lines: readonly string[]): (line: string, at: number) => string | undefined {
  let isCode = false;
  const text = lines.map((line) => {
    const isFence = /^\s*(?:```|~~~)/.test(line);
    if (isFence) isCode = !isCode;
    return isFence || isCode || line.trim() === "" ? undefined : line.replace(/`[^`]*`/g, "`code`");
  });
  return (_line, at) => text[at];
}
