import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pixelmesh } from "@pixelmesh/client";
import { type RoleName, startedRoles } from "@pixelmesh/roles";
import type { CliIo } from "../io.ts";
import { type CallRetries, connectExisting, connectServing, isAnswering } from "../mesh-client/connect.ts";

/** A connection to a mesh for one command. */
export type OpenMesh = { readonly client: Pixelmesh; close(): Promise<void> };

const stopGraceMs = 4_000;

/** The address of the mesh, and whether the caller named it or it is the default. */
export type GivenAddress = { readonly address: string; readonly isAddressGiven: boolean };

/**
 * Connects to the mesh at the address. Where the caller gave no address and nothing answers at the default one, starts a private mesh of
 * these services in a temporary directory, which is removed with it. `note` prints its start and its failures. Throws
 * SERVICE_UNAVAILABLE where nothing answers at a given address.
 */
export async function openMesh(
  { address, isAddressGiven }: GivenAddress,
  services: readonly RoleName[],
  io: CliIo,
  note: (text: string) => void,
  options: CallRetries = {},
): Promise<OpenMesh> {
  if (isAddressGiven || (await isAnswering(address, io))) {
    const client = await connectExisting(address, io, options);
    return { client, close: async () => client.close() };
  }
  note(`no mesh answers at ${address}; starting a private one for this command`);
  const { startMesh } = await import("@pixelmesh/local-mesh");
  const dataDir = await mkdtemp(join(tmpdir(), "pixelmesh-"));
  const removeDir = () => rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
  try {
    const mesh = await startMesh({
      dataDir,
      ports: "free",
      // The command has finished, so nothing needs to drain.
      env: { PIXELMESH_STOP_GRACE: "2s", ...io.env },
      // Without its manifest there is no remote service; the mesh then says what to configure.
      services: services.filter((name) => startedRoles(io.env).includes(name)),
      signal: io.stopping,
      onEvent(event) {
        if (event.kind === "trouble") note(event.text);
        if (event.kind === "error") note(`${event.name}: ${event.text}`);
        if (event.kind === "restarted") note(`restarted ${event.name} (${event.why}), attempt ${event.attempt}`);
      },
    });
    io.forced.addEventListener("abort", () => {
      mesh.stopNow();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
    });
    const client = await connectServing(mesh.address, io, options);
    return {
      client,
      async close() {
        client.close();
        await mesh.stop(stopGraceMs);
        await removeDir();
      },
    };
  } catch (error) {
    await removeDir();
    throw error;
  }
}
