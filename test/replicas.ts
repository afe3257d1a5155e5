import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Bus, connectBus, listServices, readJobEvents } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import type { TestMesh } from "@pixelmesh/testing";

/** One more process of a service, beside those of the mesh. */
export type Replica = {
  readonly address: string;
  readonly pid: number;
  /** What it wrote to its standard error. */
  said(): string;
  readonly exited: Promise<void>;
  kill(signal: NodeJS.Signals): void;
  [Symbol.asyncDispose](): Promise<void>;
};

let instances = 100;

/** Starts a service of this checkout against the broker and services of a mesh; `diesAt` ends it before that write, by number or kind. */
export async function startReplica(
  mesh: TestMesh,
  bus: Bus,
  name: "ingest" | "effects",
  options: { readonly diesAt?: number | string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Replica> {
  const instance = String(instances++);
  const area = name.toUpperCase();
  const addresses = mesh.processes().map(({ name: of, grpc }) => [`PIXELMESH_${of.toUpperCase()}_ADDRESS`, grpc]);
  const main =
    options.diesAt === undefined
      ? [fileURLToPath(new URL(`../services/${name}/src/main.ts`, import.meta.url))]
      : [fileURLToPath(new URL("fault-service.ts", import.meta.url)), name, String(options.diesAt)];
  const child = spawn(
    process.execPath,
    ["--conditions=development", "--disable-warning=ExperimentalWarning", ...main],
    {
      env: {
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
    },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk).slice(-8_000);
  });
  // With its pipes closed its last words have been read.
  const exited = once(child, "close").then(() => {});
  const untilMs = performance.now() + 60_000;
  let address: string | undefined;
  while (address === undefined) {
    if (child.exitCode !== null || child.signalCode !== null || performance.now() > untilMs)
      throw new Error(`The replica did not start: ${said}`);
    await new Promise((next) => setTimeout(next, 50));
    // A broker on a busy machine may not answer in time: it is asked again.
    const known = await listServices(bus).catch(() => []);
    address = known.find((each) => each.instance === instance)?.grpcAddress;
  }
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
  };
  return {
    address,
    pid: child.pid as number,
    said: () => said,
    exited,
    kill,
    async [Symbol.asyncDispose]() {
      kill("SIGKILL");
      kill("SIGCONT");
      await exited;
    },
  };
}

/** A connection of the test's own to the broker of a mesh. */
export async function connectTestBus(natsUrl: string): Promise<Bus & AsyncDisposable> {
  const log = createLogger({ service: "test", level: "silent" });
  const metrics = createMetrics("test", "0");
  const bus = await connectBus({ natsUrl, natsReplicas: 1, ackWaitMs: 2_000, name: "test", log, metrics });
  return { ...bus, [Symbol.asyncDispose]: bus.close };
}

/** How often steps of a job were started, by step and attempt. */
export async function countStarts(bus: Bus, jobId: string): Promise<number> {
  return (await readJobEvents(bus, jobId, 0, 1_000)).filter(({ event }) => event?.$case === "started").length;
}

/** The state of every `finished` event that the log has of a job. */
export async function finishedEvents(bus: Bus, jobId: string): Promise<number[]> {
  return (await readJobEvents(bus, jobId, 0, 1_000)).flatMap(({ event }) =>
    event?.$case === "finished" ? [event.value.state] : [],
  );
}

/** The states that the log says a job ended in, one for each different end. */
export async function finishedStates(bus: Bus, jobId: string): Promise<number[]> {
  return [...new Set(await finishedEvents(bus, jobId))];
}

/** Keys of a bucket whose entries are removed, never deleted: open jobs or waiting steps. */
export async function keysLeft(bus: Bus, bucket: "open" | "waits"): Promise<string[]> {
  const info = await bus.jsm.streams.info(`KV_${bucket}`, { subjects_filter: ">" });
  return Object.keys(info.state.subjects ?? {});
}
