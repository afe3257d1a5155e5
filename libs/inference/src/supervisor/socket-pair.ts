import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FrameReader } from "../protocol/frames.ts";

/** Two connected Unix sockets: ours, and one for a child process. Destroy `theirs` here once the child has inherited it. */
export type SocketPair = { readonly ours: Socket; readonly theirs: Socket };

/**
 * Opens a socket pair whose own end reads frames into given memory. The pipes of `spawn` cannot: they allocate a buffer for
 * each chunk. The socket's path lies in a directory of this user alone, which is removed before this resolves.
 */
export async function openSocketPair(onread: FrameReader): Promise<SocketPair> {
  const dir = await mkdtemp(join(tmpdir(), "host-"));
  try {
    const path = join(dir, "s");
    const server = createServer({ pauseOnConnect: true }).listen(path);
    await once(server, "listening");
    const accepted = once(server, "connection");
    const ours = connect({ path, onread });
    const [theirs] = (await Promise.all([accepted, once(ours, "connect")]))[0] as [Socket];
    server.close();
    return { ours, theirs };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
