import type { Env } from "./mesh/service-env.ts";

/** Where text goes. */
export type TextSink = { write(text: string): unknown };

/** Everything the command line knows of the process it runs in; only main.ts makes one. */
export type CliIo = {
  readonly env: Env;
  readonly stdout: TextSink;
  /** A terminal where people watch, which is `columns` wide. */
  readonly stderr: TextSink & { readonly isTTY?: boolean; readonly columns?: number };
  /** Aborted by the first Ctrl-C or SIGTERM: finish in order. */
  readonly stopping: AbortSignal;
  /** Aborted by the second one, just before the process exits: what must not outlive us ends in a listener. */
  readonly forced: AbortSignal;
};
