import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNatsServer } from "@pixelmesh/bus";
import { freePorts } from "@pixelmesh/testing";

/** Three nats-servers that keep three replicas of everything. */
export type BrokerCluster = {
  /** Addresses of all nodes, for `PIXELMESH_NATS_URL`. */
  readonly url: string;
  /** Sends a signal to a node: 0, 1 or 2. */
  signal(node: number, name: NodeJS.Signals): void;
  /** Starts a node, first or after a kill, with its data and address. */
  start(node: number): void;
  [Symbol.asyncDispose](): Promise<void>;
};

const all = [0, 1, 2];

/** Starts the nodes of a JetStream cluster on loopback, by default all. Clients can connect while it still elects its leaders. */
export async function startBrokerCluster({ nodes = all }: { nodes?: readonly number[] } = {}): Promise<BrokerCluster> {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-cluster-"));
  const ports = await freePorts(6);
  const running = new Map<number, { readonly child: ChildProcess; readonly exited: Promise<unknown> }>();

  function start(node: number): void {
    const home = join(dir, String(node));
    mkdirSync(home, { recursive: true });
    const routes = all.map((at) => `"nats://127.0.0.1:${ports[3 + at]}"`).join(", ");
    const config = [
      `server_name: n${node}`,
      `listen: "127.0.0.1:${ports[node]}"`,
      `jetstream { store_dir: ${JSON.stringify(home)} }`,
      `cluster { name: test, listen: "127.0.0.1:${ports[3 + node]}", routes: [${routes}] }`,
    ];
    writeFileSync(join(home, "nats.conf"), config.join("\n"));
    const child = spawn(findNatsServer(), ["--config", join(home, "nats.conf")], { stdio: "ignore" });
    running.set(node, { child, exited: once(child, "exit") });
  }

  for (const node of nodes) start(node);
  return {
    url: all.map((node) => `nats://127.0.0.1:${ports[node]}`).join(","),
    signal: (node, name) => void running.get(node)?.child.kill(name),
    start,
    async [Symbol.asyncDispose]() {
      for (const { child, exited } of running.values()) {
        child.kill("SIGCONT");
        child.kill("SIGKILL");
        await exited;
      }
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
