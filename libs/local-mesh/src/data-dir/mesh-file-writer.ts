import type { MeshFacts } from "./mesh-file.ts";

const retryMs = 5_000;

/**
 * Returns a function that writes the facts of a mesh. A failed write is retried every 5 s with the newest facts, so that a full disk
 * does not keep a service from restarting. Reports one line when writing fails, and one when it works again.
 */
export function createMeshFileWriter(
  write: (facts: MeshFacts) => void,
  report: (text: string) => void,
): (facts: MeshFacts) => void {
  let newest: MeshFacts | undefined;
  let retrying: NodeJS.Timeout | undefined;

  function tryWrite(): void {
    if (newest === undefined) return;
    try {
      write(newest);
      newest = undefined;
      if (retrying) report("mesh.json is written again");
      retrying = undefined;
    } catch (error) {
      if (retrying === undefined)
        report(`mesh.json cannot be written: ${(error as Error).message}; it lists processes that ended`);
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
