import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";

/** Files that changed shortly after one another. */
export type FileChange<Name extends string> = {
  /** The first few of them. */
  readonly paths: readonly string[];
  readonly count: number;
  /** The services that use them. */
  readonly names: readonly Name[];
};

const quietMs = 200;
const longestMs = 2_000;
const mostPaths = 3;

/**
 * Watches directories of services, with their folders, for changes of the files whose names `isWatched` accepts. Calls `onChange` 200 ms after
 * the last of a row of changes, and at the latest 2 s after the first, so that saving many files counts once. Throws SERVICE_UNAVAILABLE
 * where a directory cannot be watched; `onError` gets later failures of a watch. Returns a function that ends the watch.
 */
export function watchFiles<Name extends string>(
  dirsOf: ReadonlyMap<Name, readonly string[]>,
  isWatched: (file: string) => boolean,
  onChange: (change: FileChange<Name>) => void,
  onError: (text: string) => void,
): () => void {
  const namesOf = toNamesByDir(dirsOf);
  const watchers: FSWatcher[] = [];
  let paths = new Set<string>();
  let names = new Set<Name>();
  let firstMs = 0;
  let timer: NodeJS.Timeout | undefined;

  function report(): void {
    const change = { paths: [...paths].slice(0, mostPaths), count: paths.size, names: [...names] };
    paths = new Set();
    names = new Set();
    onChange(change);
  }

  function add(path: string, users: readonly Name[]): void {
    const nowMs = performance.now();
    if (paths.size === 0) firstMs = nowMs;
    paths.add(path);
    for (const name of users) names.add(name);
    clearTimeout(timer);
    timer = setTimeout(report, Math.max(0, Math.min(quietMs, firstMs + longestMs - nowMs)));
  }

  function close(): void {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  }

  for (const [dir, users] of namesOf) {
    try {
      const watcher = watch(dir, { recursive: true }, (_event, file) => {
        if (file !== null && isWatched(file)) add(join(dir, file), users);
      });
      watcher.on("error", (error) => onError(`${dir} is no longer watched: ${(error as Error).message}`));
      watchers.push(watcher);
    } catch (cause) {
      close();
      const text = `Expected ${dir} to be a directory that can be watched, got: ${(cause as Error).message}`;
      throw new AppError("SERVICE_UNAVAILABLE", text, { cause });
    }
  }
  return close;
}

/** Many services use the same lib, which is watched once. */
function toNamesByDir<Name extends string>(dirsOf: ReadonlyMap<Name, readonly string[]>): Map<string, Name[]> {
  const namesOf = new Map<string, Name[]>();
  for (const [name, dirs] of dirsOf) {
    for (const dir of new Set(dirs)) namesOf.set(dir, [...(namesOf.get(dir) ?? []), name]);
  }
  return namesOf;
}

/** Whether a change of this file changes a service that runs from sources. Tests do not. */
export function isSource(file: string): boolean {
  return /\.(ts|json|wasm)$/.test(file) && !/\.test\.ts$/.test(file);
}
