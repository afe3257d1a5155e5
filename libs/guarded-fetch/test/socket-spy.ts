import { Socket } from "node:net";
import { onTestFinished } from "vitest";

type Target = { readonly host?: string; readonly port?: number; readonly lookup?: (...args: unknown[]) => void };

/** Records the targets of all connections that this process begins, until the test has ended. */
export function spyOnSockets(): string[] {
  const targets: string[] = [];
  replaceConnect((socket, target, connect) => {
    targets.push(`${target.host}:${target.port}`);
    return connect(socket);
  });
  return targets;
}

/** Refuses all connections that this process begins, until the test has ended. Records the IP addresses that they would have used. */
export function refuseSockets(): string[] {
  const addresses: string[] = [];
  replaceConnect((socket, { host, lookup }) => {
    lookup?.(host, { all: true }, (_: unknown, found: { address: string }[]) => {
      addresses.push(...found.map(({ address }) => address));
      socket.destroy(Object.assign(new Error("refused by the test"), { code: "ECONNREFUSED" }));
    });
    return socket;
  });
  return addresses;
}

function replaceConnect(act: (socket: Socket, target: Target, connect: (socket: Socket) => Socket) => Socket): void {
  const original = Socket.prototype.connect;
  Socket.prototype.connect = function connect(this: Socket, ...args: unknown[]) {
    const [target] = Array.isArray(args[0]) ? args[0] : args;
    return act(this, target as Target, (socket) => original.apply(socket, args as never));
  } as typeof original;
  onTestFinished(() => {
    Socket.prototype.connect = original;
  });
}
