import { spawn } from "node:child_process";
import { startBroker } from "@pixelmesh/bus/broker";
import type { Env } from "@pixelmesh/config";
import type { Child } from "./child.ts";

/** The broker process. Its URL stays the same over restarts. */
export type BrokerChild = Child & { readonly url: string };

/** How the broker of a mesh is started. */
export type BrokerChildOptions = {
  readonly dataDir: string;
  readonly port: number;
  /** Size limit of its files, in bytes. */
  readonly maxFileStoreBytes: number;
  readonly env: Env;
  readonly signal: AbortSignal;
  /** Called regularly while the broker recovers its files, with the time so far and its last log line. */
  readonly onWaiting: (waitedMs: number, lastLine: string) => void;
};

/** Starts the broker. It ends when this process ends, even by SIGKILL. */
export async function startBrokerChild(options: BrokerChildOptions): Promise<BrokerChild> {
  let guard: ReturnType<typeof startGuard> | undefined;
  const endGuard = () => guard?.kill("SIGKILL");
  const onSpawn = (pid: number) => {
    guard = startGuard(pid);
  };
  const broker = await startBroker({ ...options, onSpawn }).catch((error: unknown) => {
    endGuard();
    throw error;
  });
  let running = true;
  const exited = broker.exited.then(() => {
    running = false;
    endGuard();
    return "ended";
  });
  return {
    url: broker.url,
    pid: broker.pid,
    exited,
    isRunning: () => running,
    kill(signal) {
      if (!running) return;
      if (signal === "SIGKILL" || signal === "SIGTERM") void broker.stop(signal);
      else process.kill(broker.pid, signal);
    },
  };
}

/** Sends SIGTERM to the broker, and SIGKILL after 10 s (100 tenths). */
const guardScript = `
read -r _
kill -TERM "$0" || exit
n=0
while kill -0 "$0" && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
kill -KILL "$0"`;

/** Starts a shell that ends the broker when its standard input, a pipe from us, ends. The broker itself does not watch its parent. */
function startGuard(pid: number) {
  const guard = spawn("/bin/sh", ["-c", guardScript, String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  return guard;
}
