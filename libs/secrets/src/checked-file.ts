import { readFileSync } from "node:fs";
import { ConfigError } from "@pixelmesh/config";

/** A file that a setting names: `path` is the setting's value, `name` the setting's variable or flag. */
export type CheckedFile = { readonly name: string; readonly path: string };

/** Reads a file that a setting names. Throws ConfigError with setting and file if it cannot be read. */
export function readChecked({ name, path }: CheckedFile): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    throw new ConfigError([`Expected ${name} to be a file that can be read, got \`${path}\` (${code})`]);
  }
}
