import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A TCP proxy that resets its first connections. It ends with the test. */
export type CuttingProxy = {
  readonly address: string;
  /** How many connections it has reset so far. */
  resets(): number;
};

/**
 * Starts a proxy in front of `target` (host:port). A connection is reset once `cuts[0]` bytes have come over it from the target, the next one to get so far
 * after `cuts[1]`, and so on; after the last reset all are passed on whole.
 */
export async function startCuttingProxy(target: string, cuts: readonly number[]): Promise<CuttingProxy> {
  const [host, port] = target.split(":");
  const sockets = new Set<Socket>();
  let resets = 0;
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    let passed = 0;
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on("drain", () => other.resume());
    }
    near.on("data", (bytes) => {
      if (!far.write(bytes)) near.pause();
    });
    far.on("data", (bytes) => {
      const left = (cuts[resets] ?? Number.POSITIVE_INFINITY) - passed;
      passed += bytes.length;
      if (bytes.length < left) {
        if (!near.write(bytes)) far.pause();
        return;
      }
      resets += 1;
      far.removeAllListeners("data");
      near.write(bytes.subarray(0, Math.max(0, left)), () => {
        near.resetAndDestroy();
        far.resetAndDestroy();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, resets: () => resets };
}
