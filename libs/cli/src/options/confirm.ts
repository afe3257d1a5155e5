import { createInterface } from "node:readline";
import { UsageError } from "@pixelmesh/flag-values";
import type { CliIo } from "../io.ts";

/**
 * Asks on a terminal whether to do something to many jobs. Throws UsageError without a terminal: a script says `--yes`. Resolves
 * to false for any other answer than y or yes, and for the end of the input.
 */
export async function confirm(question: string, { streams, stderr, stopping }: CliIo): Promise<boolean> {
  const stdin = streams?.stdin;
  if (stdin?.isTTY !== true || stderr.isTTY !== true)
    throw new UsageError(`Expected \`--yes\`, because this is no terminal to ask at: ${question}`);
  stderr.write(`${question} [y/N] `);
  const lines = createInterface({ input: stdin, signal: stopping });
  try {
    for await (const line of lines) return /^\s*y(es)?\s*$/i.test(line);
    return false;
  } finally {
    lines.close();
  }
}
