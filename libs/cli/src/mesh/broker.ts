import { spawn } from "node:child_process";
import { type Broker, startBroker } from "@pixelmesh/bus";
import type { Child } from "./child.ts";

/** The broker as a process that can be supervised; its clients' address stays the same over restarts. */
export type BrokerChild = Child & { readonly url: string };

/** Starts the broker on the port of `previousUrl`, or on a free one. It ends when this process does, however that dies. */
export async function startBrokerChild(dataDir: string, previousUrl?: string): Promise<BrokerChild> {
  const port = previousUrl === undefined ? 0 : Number(new URL(previousUrl).port);
  const broker = await startBroker({ dataDir, port });
  const guard = startGuard(broker);
  let running = true;
  const exited = broker.exited.then(() => {
    running = false;
    guard.kill("SIGKILL");
    return "ended";
  });
  return {
    url: broker.url,
    pid: broker.pid,
    exited,
    isRunning: () => running,
    kill(signal) {
      if (running) void broker.stop(signal === "SIGKILL" ? "SIGKILL" : "SIGTERM");
    },
  };
}

/** A shell that waits for its standard input, our pipe, to end, and then ends the broker, which watches nobody. */
function startGuard({ pid }: Broker) {
  const guard = spawn("/bin/sh", ["-c", 'read -r _; kill -TERM "$0"', String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  return guard;
}
