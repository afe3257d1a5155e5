import type { Pixelmesh } from "./connect.ts";
import { type WaitOptions, waitForHealth } from "./health.ts";
import { type ConnectOptions, openConnection } from "./open-connection.ts";

/**
 * Connects to a mesh whose address accepts connections, and resolves once it serves. Throws SERVICE_UNAVAILABLE where the server is not a mesh that
 * serves within the time, INVALID_ARGUMENT for invalid TLS files, and the signal's reason if that is aborted.
 */
export async function connectServing(options: ConnectOptions, wait: WaitOptions): Promise<Pixelmesh> {
  const connection = openConnection(options);
  try {
    // The modules of jobs and batches are loaded meanwhile. A local mesh, which only waits, does not load them.
    const [{ createPixelmesh }] = await Promise.all([import("./connect.ts"), waitForHealth(connection, wait)]);
    return createPixelmesh(connection, options);
  } catch (error) {
    connection.close();
    throw error;
  }
}
