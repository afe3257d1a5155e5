import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyServiceCommand } from "@pixelmesh/testing/services";
import { onTestFinished } from "vitest";
import { type MeshEvent, type MeshOptions, startMesh } from "../src/index.ts";

/** Creates a directory that is removed after the test. */
export function createDataDir(): string {
  const dataDir = realpathSync(mkdtempSync(join(tmpdir(), "pixelmesh-test-")));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** Starts a mesh of a broker and two empty services. It is stopped after the test. */
export async function startSmallMesh(options: Partial<MeshOptions> = {}) {
  const events: MeshEvent[] = [];
  const mesh = await startMesh({
    dataDir: createDataDir(),
    ports: "free",
    env: process.env,
    services: ["ingest", "storage"],
    command: emptyServiceCommand,
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(() => mesh.stop(2_000));
  return { mesh, events };
}
