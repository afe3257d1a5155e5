import { statSync } from "node:fs";
import { UsageError } from "@pixelmesh/flag-values";
import { isStdin } from "./standard-paths.ts";

/** Returns a check whether a path leads to one of the input files, under any name. */
export function createInputCheck(inputs: readonly string[]): (path: string) => boolean {
  const identities = new Set(inputs.map(identityOf));
  return (path) => {
    const identity = identityOf(path);
    return identity !== undefined && identities.has(identity);
  };
}

/** Throws UsageError if `-o` would overwrite an input. */
export function assertNoInput(output: string, isInput: (path: string) => boolean): void {
  if (isInput(output)) throw new UsageError(`Expected \`-o\` to be no input, got \`${output}\``);
}

/** Returns the identity of the file at a path, by device and inode. Undefined where it cannot be read. */
export function identityOf(path: string): string | undefined {
  if (isStdin(path)) return undefined;
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats && `${stats.dev}:${stats.ino}`;
  } catch {
    // Too long a name, a cycle of links, no access to a directory: reading the picture will fail with that, for this picture only.
    return undefined;
  }
}
