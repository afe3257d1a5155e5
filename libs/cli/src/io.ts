import type { Readable, Writable } from "node:stream";
import type { Env } from "@pixelmesh/config";

/** Where text goes. */
export type TextSink = { write(text: string): unknown };

/** Where people may watch: `isTTY` on a terminal, which is `columns` wide and `rows` high. */
export type Terminal = TextSink & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Writes control sequences of our own, which `write` of a safe terminal would escape. */
  draw?(text: string): unknown;
};

/** Everything the command line knows of the process it runs in; only main.ts makes one. */
export type CliIo = {
  readonly env: Env;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** The standard streams for bytes of pictures. Without them `-` is refused. */
  readonly streams?: { readonly stdin: Readable & { readonly isTTY?: boolean }; readonly stdout: Writable };
  /** Aborted by the first Ctrl-C or SIGTERM: finish in order. The reason is a ReaderGone where the reader of our output has gone. */
  readonly stopping: AbortSignal;
  /** Aborted by the second one, just before the process exits: what must not outlive us ends in a listener. */
  readonly forced: AbortSignal;
  /** Called by a command that goes on when what it prints cannot be written; others end then. */
  readonly keepOnWithoutOutput?: () => void;
};

/** The program that reads our output has ended (`| head`). The command finishes in order and says nothing more. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** Whether what is drawn in place would be of no use: no terminal, one that cannot (TERM=dumb), or NO_COLOR. */
export function isPlain(terminal: Terminal, env: Env): boolean {
  return terminal.isTTY !== true || env.TERM === "dumb" || (env.NO_COLOR ?? "") !== "";
}

/** Writes control sequences where the terminal tells them from text, else as text. */
export function drawOn(terminal: Terminal, text: string): void {
  if (terminal.draw) terminal.draw(text);
  else terminal.write(text);
}
