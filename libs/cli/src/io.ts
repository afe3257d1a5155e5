import type { Env } from "./mesh/service-env.ts";

/** Where text goes. */
export type TextSink = { write(text: string): unknown };

/** Where people may watch: `isTTY` on a terminal, which is `columns` wide and `rows` high. */
export type Terminal = TextSink & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

/** Everything the command line knows of the process it runs in; only main.ts makes one. */
export type CliIo = {
  readonly env: Env;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Aborted by the first Ctrl-C or SIGTERM: finish in order. */
  readonly stopping: AbortSignal;
  /** Aborted by the second one, just before the process exits: what must not outlive us ends in a listener. */
  readonly forced: AbortSignal;
  /** Called by a command that goes on when what it prints cannot be written; others end then. */
  readonly keepOnWithoutOutput?: () => void;
};
