import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Number and bytes of the files under a directory. One that vanishes meanwhile is not counted. */
export function directorySize(path: string): { readonly files: number; readonly bytes: number } {
  let files = 0;
  let bytes = 0;
  const visit = (directory: string): void => {
    for (const entry of listEntries(directory)) {
      const inside = join(directory, entry.name);
      if (entry.isDirectory()) visit(inside);
      else {
        const found = statSync(inside, { throwIfNoEntry: false });
        if (found) [files, bytes] = [files + 1, bytes + found.size];
      }
    }
  };
  visit(path);
  return { files, bytes };
}

function listEntries(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
