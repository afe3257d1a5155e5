import type { MeshFacts } from "./mesh-file.ts";

const retryMs = 5_000;

/**
 * Writes the facts of a mesh, and tries again every 5 s while that fails: a full disk must not keep a service from being started
 * again. `say` is told once that it fails and once that it is over. The newest facts are written.
 */
export function createFactsKeeper(
  write: (facts: MeshFacts) => void,
  say: (text: string) => void,
): (facts: MeshFacts) => void {
  let newest: MeshFacts | undefined;
  let retrying: NodeJS.Timeout | undefined;

  function tryWrite(): void {
    if (newest === undefined) return;
    try {
      write(newest);
      newest = undefined;
      if (retrying) say("mesh.json is written again");
      retrying = undefined;
    } catch (error) {
      if (retrying === undefined)
        say(`mesh.json cannot be written: ${(error as Error).message}; it tells of processes that ended`);
      retrying = setTimeout(tryWrite, retryMs);
      retrying.unref();
    }
  }

  return (facts) => {
    newest = facts;
    clearTimeout(retrying);
    tryWrite();
  };
}
