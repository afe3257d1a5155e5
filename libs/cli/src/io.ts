import type { Readable, Writable } from "node:stream";
import type { Env } from "@pixelmesh/config";

/** A destination of text. */
export type TextSink = { write(text: string): unknown };

/** A text stream that may be a terminal (`isTTY`), `columns` wide and `rows` high. */
export type Terminal = TextSink & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Writes our own control sequences, which `write` of a safe terminal would escape. */
  draw?(text: string): unknown;
};

/** The process as commands see it. Only main.ts and tests create one. */
export type CliIo = {
  readonly env: Env;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** The standard streams for picture bytes. Without them, `-` is refused. */
  readonly streams?: { readonly stdin: Readable & { readonly isTTY?: boolean }; readonly stdout: Writable };
  /** Aborted by the first Ctrl-C or SIGTERM: finish cleanly. The reason is a ReaderGone where the reader of our output has ended. */
  readonly stopping: AbortSignal;
  /** Aborted by the second one, just before the process exits. Listeners end child processes. */
  readonly forced: AbortSignal;
  /** A command calls this to continue when its output cannot be written. Other commands end then. */
  readonly keepOnWithoutOutput?: () => void;
};

/** The program that reads our output has ended (`| head`). The command finishes cleanly and prints nothing more. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** Whether bars cannot be redrawn in place: no terminal, a dumb one (TERM=dumb), or NO_COLOR. */
export function isPlain(terminal: Terminal, env: Env): boolean {
  return terminal.isTTY !== true || env.TERM === "dumb" || (env.NO_COLOR ?? "") !== "";
}

/** Writes control sequences by `draw` where the terminal has it, otherwise by `write`. */
export function drawOn(terminal: Terminal, text: string): void {
  if (terminal.draw) terminal.draw(text);
  else terminal.write(text);
}
