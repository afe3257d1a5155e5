import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startBroker } from "@pixelmesh/bus";
import { loadConfig } from "@pixelmesh/config";
import { createLifecycle } from "@pixelmesh/lifecycle";
import { SchedulerServiceDefinition } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { openBase } from "@pixelmesh/service";
import { createLogger } from "@pixelmesh/telemetry";
import { onTestFinished } from "vitest";
import { modelFields, openModels, openWorker, toDeviceOwner, workerFields } from "../src/index.ts";

const main = fileURLToPath(new URL("../../../services/scheduler/src/main.ts", import.meta.url));

const clientOf = (address: string) => {
  const connection = connectRpc(address);
  onTestFinished(connection.close);
  return connection.client(SchedulerServiceDefinition);
};

/** A scheduler that runs as a child process. */
export type SchedulerProcess = {
  readonly address: string;
  readonly health: string;
  /** Lines of its log, in JSON. */
  readonly lines: readonly string[];
  signal(name: NodeJS.Signals): void;
  cluster(): ReturnType<ReturnType<typeof clientOf>["getCluster"]>;
};

/** Starts a broker. Returns functions that start schedulers and workers on it; everything ends with the test. */
export async function startRig(env: Record<string, string> = {}) {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-slots-"));
  const broker = await startBroker({ dataDir: dir });
  onTestFinished(async () => {
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const common = { PIXELMESH_NATS_URL: broker.url, ...env };

  async function startScheduler(instance: string): Promise<SchedulerProcess> {
    const child = spawn(process.execPath, ["--conditions=development", main], {
      env: {
        ...process.env,
        ...common,
        PIXELMESH_INSTANCE: instance,
        PIXELMESH_SCHEDULER_GRPC_PORT: "0",
        PIXELMESH_SCHEDULER_HEALTH_PORT: "0",
        PIXELMESH_SCHEDULER_METRICS_PORT: "0",
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    onTestFinished(() => endProcess(child));
    const lines: string[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<{ grpcAddress: string; healthAddress: string }>();
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      if (line.includes('"msg":"ready"')) resolve(JSON.parse(line));
    });
    child.once("exit", () => reject(new Error(`The scheduler ended: ${lines.join("\n")}`)));
    const { grpcAddress, healthAddress } = await promise;
    return {
      address: grpcAddress,
      health: healthAddress,
      lines,
      signal: (name) => void child.kill(name),
      cluster: () => clientOf(grpcAddress).getCluster({}, { timeoutMs: 2_000 }),
    };
  }

  /** Opens a worker's parts within this process, attached to real schedulers. With `providers` it has models. */
  async function startWorker(
    instance: string,
    schedulers: readonly Pick<SchedulerProcess, "address">[],
    { service = "upscale", providers }: { service?: string; providers?: string } = {},
  ) {
    const log = createLogger({ service: "test", level: "silent" });
    const life = createLifecycle(log);
    onTestFinished(async () => void (await life.close()));
    const fields = { ...workerFields("upscale"), ...modelFields("UPSCALE") };
    const config = loadConfig(fields, {
      ...common,
      ...(providers ? { PIXELMESH_UPSCALE_PROVIDERS: providers } : {}),
      PIXELMESH_INSTANCE: instance,
      PIXELMESH_UPSCALE_HEALTH_PORT: "0",
      PIXELMESH_UPSCALE_METRICS_PORT: "0",
      PIXELMESH_SCHEDULER_ADDRESS: schedulers.map(({ address }) => address).join(","),
    });
    const base = await openBase(service, config, life, log);
    const models = providers ? await openModels(base, config, "upscale") : undefined;
    const parts = await openWorker(base, config, models ? toDeviceOwner(models, base.metrics) : {});
    return { ...parts, models };
  }
  return { startScheduler, startWorker };
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGCONT");
  child.kill("SIGKILL");
  await exited;
}
