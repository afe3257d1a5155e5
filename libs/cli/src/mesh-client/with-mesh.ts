import type { Pixelmesh } from "@pixelmesh/client";
import type { CliIo } from "../io.ts";

/** Calls `use` with a client of the mesh at the address and closes it afterwards. Throws SERVICE_UNAVAILABLE without one. */
export async function withMesh<T>(io: CliIo, address: string, use: (client: Pixelmesh) => Promise<T>): Promise<T> {
  const { connectExisting } = await import("./connect.ts");
  const client = await connectExisting(address, io);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}
