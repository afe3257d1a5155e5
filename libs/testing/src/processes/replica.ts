import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Bus, listServices } from "@pixelmesh/bus";
import { compileCacheDir, serviceCommand } from "@pixelmesh/local-mesh";
import type { TestMesh } from "../test-mesh.ts";

/** A further process of a service, beside those of the mesh. */
export type Replica = {
  readonly address: string;
  readonly pid: number;
  /** The end of its standard error. */
  errorOutput(): string;
  readonly exited: Promise<void>;
  kill(signal: NodeJS.Signals): void;
  [Symbol.asyncDispose](): Promise<void>;
};

let instances = 100;

/**
 * Starts a service of this checkout against the broker and services of a mesh. `main` replaces its main module, with arguments. Throws where
 * it does not start within 60 s.
 */
export async function startReplica(
  mesh: TestMesh,
  bus: Bus,
  name: "ingest" | "effects",
  options: { readonly main?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Replica> {
  const instance = String(instances++);
  const area = name.toUpperCase();
  const addresses = mesh.processes().map(({ name: of, grpc }) => [`PIXELMESH_${of.toUpperCase()}_ADDRESS`, grpc]);
  const [main, ...args] = options.main ?? [];
  const [node, ...command] = serviceCommand(name, process.execPath, { ...(main ? { main } : {}), args });
  const child = spawn(node, command, {
    env: {
      NODE_COMPILE_CACHE: compileCacheDir(),
      ...process.env,
      PIXELMESH_LOG_LEVEL: "warn",
      ...Object.fromEntries(addresses),
      PIXELMESH_NATS_URL: mesh.brokerUrl(),
      [`PIXELMESH_${area}_GRPC_PORT`]: "0",
      [`PIXELMESH_${area}_HEALTH_PORT`]: "0",
      [`PIXELMESH_${area}_METRICS_PORT`]: "0",
      PIXELMESH_STOP_GRACE: "2s",
      ...options.env,
      PIXELMESH_INSTANCE: instance,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errorOutput = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errorOutput = (errorOutput + chunk).slice(-8_000);
  });
  // When its pipes are closed, all its output has been read.
  const exited = once(child, "close").then(() => {});
  const untilMs = performance.now() + 60_000;
  let address: string | undefined;
  while (address === undefined) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > untilMs)
      throw new Error(`The replica did not start: ${errorOutput}`);
    await new Promise((next) => setTimeout(next, 50));
    // A broker on a busy machine may not answer in time: retry.
    const known = await listServices(bus).catch(() => []);
    address = known.find((each) => each.instance === instance)?.grpcAddress;
  }
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
  };
  return {
    address,
    pid: child.pid as number,
    errorOutput: () => errorOutput,
    exited,
    kill,
    async [Symbol.asyncDispose]() {
      kill("SIGKILL");
      kill("SIGCONT");
      await exited;
    },
  };
}
