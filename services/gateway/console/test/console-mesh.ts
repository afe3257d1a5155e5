import { startedRoles } from "@pixelmesh/roles";
import { startTestMesh, type TestMesh, type TestMeshOptions } from "@pixelmesh/testing";

/** A mesh with a gateway. `origin` is the gateway's address. `await using` stops it. */
export type ConsoleMesh = AsyncDisposable & { readonly mesh: TestMesh; readonly origin: string };

/** Starts a whole mesh. */
export async function startConsoleMesh(options: TestMeshOptions = {}): Promise<ConsoleMesh> {
  const mesh = await startTestMesh({ services: startedRoles({}), ...options });
  const gateway = mesh.processes().find(({ name }) => name === "gateway");
  if (!gateway) throw new Error("Expected the mesh to have a gateway");
  return { mesh, origin: `http://${gateway.grpc}`, [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose]() };
}
