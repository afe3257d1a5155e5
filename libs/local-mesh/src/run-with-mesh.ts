import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pixelmesh } from "@pixelmesh/client";
import type { Mesh, MeshOptions } from "./mesh.ts";
import { startMesh } from "./start-mesh.ts";

/**
 * Runs a program on a mesh of its own, which is stopped and deleted after it. Sets the exit code: 0 if the program resolves to true, 1 if to
 * false or if it fails, with the failure written to stderr after `name`; 130 after an interrupt.
 */
export async function runWithMesh(
  name: string,
  program: (client: Pixelmesh, mesh: Mesh) => Promise<boolean>,
  { modelsDirs = [] }: Pick<MeshOptions, "modelsDirs"> = {},
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), `pixelmesh-${name}-`));
  const mesh = await startMesh({ dataDir, ports: "free", env: process.env, modelsDirs });
  const stop = async () => {
    await mesh.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  process.once("SIGINT", () => void stop().then(() => process.exit(130)));
  // Not loaded by `pixelmesh up`, which does not call its mesh.
  const { connectPixelmesh } = await import("@pixelmesh/client");
  const client = connectPixelmesh({ address: mesh.address });
  try {
    process.exitCode = (await program(client, mesh)) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  } finally {
    client.close();
    await stop();
  }
}
