import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPixelmesh, type Pixelmesh } from "@pixelmesh/client";
import { type Mesh, startMesh } from "@pixelmesh/local-mesh";
import { afterAll, beforeAll } from "vitest";

/** What all tests of one file use. */
export type FileMesh = {
  /** A folder that is removed after the tests. */
  readonly root: string;
  /** A mesh that applies effects. Only within tests. */
  readonly mesh: Mesh;
  /** Its client. Only within tests. */
  readonly client: Pixelmesh;
};

/** Starts a mesh before the tests of the file that calls it, and stops it after them. `name` is part of the folder's name. */
export function useMesh(name: string): FileMesh {
  const root = mkdtempSync(join(tmpdir(), `pixelmesh-${name}-`));
  let mesh: Mesh | undefined;
  let client: Pixelmesh | undefined;
  beforeAll(async () => {
    const services = ["ingest", "scheduler", "storage", "effects"] as const;
    mesh = await startMesh({ dataDir: join(root, "mesh"), ports: "free", env: process.env, services });
    client = connectPixelmesh({ address: mesh.address });
  });
  afterAll(async () => {
    client?.close();
    await mesh?.stop(5_000);
    rmSync(root, { recursive: true, force: true });
  });
  return {
    root,
    get mesh() {
      return mesh as Mesh;
    },
    get client() {
      return client as Pixelmesh;
    },
  };
}
