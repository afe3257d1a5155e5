import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type ConsoleBrowser, startBrowser } from "./browser.ts";
import { type ConsoleMesh, startConsoleMesh } from "./console-mesh.ts";

/** What the tests of a file work with. */
export type TestConsole = { readonly mesh: ConsoleMesh; readonly browser: ConsoleBrowser; readonly dir: string };

/**
 * Starts a mesh with its console and a browser before the tests of a file, makes an empty folder, and passes all three to `onStarted`. Ends them after
 * the tests.
 */
export function useConsole(
  onStarted: (started: TestConsole) => void,
  options?: Parameters<typeof startConsoleMesh>[0],
): void {
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), "pixelmesh-console-"));
    ends.unshift(() => rm(dir, { recursive: true }));
    const mesh = await startConsoleMesh(options);
    ends.unshift(() => mesh[Symbol.asyncDispose]());
    const browser = await startBrowser(mesh.origin);
    ends.unshift(() => browser[Symbol.asyncDispose]());
    onStarted({ mesh, browser, dir });
  });
  afterAll(async () => {
    for (const end of ends) await end();
  });
}
