import { createServer } from "node:net";

/**
 * Free ports below the range from which kernels give ports to outgoing connections: one of those could be taken again before a
 * service listens on it.
 */
export async function freePorts(count: number): Promise<number[]> {
  const free = new Set<number>();
  while (free.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) free.add(port);
  }
  return [...free];
}
