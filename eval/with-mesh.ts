import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPixelmesh, type Pixelmesh } from "@pixelmesh/client";
import { startMesh } from "@pixelmesh/local-mesh";

/** Runs an evaluation on a mesh of its own and sets the exit code: 0 if it resolves to true, 1 if not or if it fails, 130 after an interrupt. */
export async function runWithMesh(evaluate: (client: Pixelmesh) => Promise<boolean>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "pixelmesh-eval-"));
  const mesh = await startMesh({ dataDir, ports: "free", env: process.env });
  const stop = async () => {
    await mesh.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  process.once("SIGINT", () => void stop().then(() => process.exit(130)));
  const client = connectPixelmesh({ address: mesh.address });
  try {
    process.exitCode = (await evaluate(client)) ? 0 : 1;
  } catch (error) {
    console.error(`eval: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  } finally {
    client.close();
    await stop();
  }
}
