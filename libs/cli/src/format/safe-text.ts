import type { Terminal } from "../io.ts";

/**
 * Characters that change how a terminal shows the text around them: C0 and C1 controls, DEL, format characters (bidirectional overrides
 * and isolates, zero-width marks, tags), line and paragraph separators, and lone surrogates. The two joiners are allowed: scripts
 * such as Persian and Hindi, and many emoji, need them.
 */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Escapes each unsafe character as `\uXXXX`, line breaks included. For names inside a line. */
export function escapeLine(text: string): string {
  return text.replace(unsafe, toEscape);
}

/** Like `escapeLine`, but keeps line breaks. JSON stays JSON with the same content. */
export function escapeText(text: string): string {
  return text.replace(unsafe, (character) => (character === "\n" ? character : toEscape(character)));
}

function toEscape(character: string): string {
  let escaped = "";
  for (let at = 0; at < character.length; at += 1)
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
  return escaped;
}

/** Wraps a terminal: `write` escapes unsafe characters, `draw` writes our own control sequences unchanged. */
export function toSafeTerminal(terminal: Terminal): Terminal {
  return {
    write: (text) => terminal.write(escapeText(text)),
    draw: (text) => terminal.write(text),
    get isTTY() {
      return terminal.isTTY === true;
    },
    get columns() {
      return terminal.columns as number;
    },
    get rows() {
      return terminal.rows as number;
    },
  };
}
