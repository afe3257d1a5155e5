import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBroker } from "@pixelmesh/bus";
import { reservePorts } from "@pixelmesh/local-mesh";
import { connectRpc, HealthDefinition } from "@pixelmesh/rpc";
import { expect, onTestFinished, test } from "vitest";

const serving = 1;
const notServing = 2;

test.each(["storage", "scheduler", "effects"])(
  "%s waits for a broker that starts later: healthy for the kubelet, not ready, and without a restart",
  async (service) => {
    const dir = mkdtempSync(join(tmpdir(), "pixelmesh-early-"));
    const { ports, release } = await reservePorts("127.0.0.1", 4);
    const [brokerPort, apiPort, healthPort, metricsPort] = ports as [number, number, number, number];
    const area = `PIXELMESH_${service.toUpperCase()}`;
    const main = fileURLToPath(new URL(`../../services/${service}/src/main.ts`, import.meta.url));
    const child = spawn(process.execPath, ["--conditions=development", "--disable-warning=ExperimentalWarning", main], {
      stdio: "ignore",
      env: {
        PATH: process.env.PATH,
        PIXELMESH_NATS_URL: `nats://127.0.0.1:${brokerPort}`,
        [`${area}_GRPC_PORT`]: `${apiPort}`,
        [`${area}_HEALTH_PORT`]: `${healthPort}`,
        [`${area}_METRICS_PORT`]: `${metricsPort}`,
        PIXELMESH_STORAGE_DIR: join(dir, "blobs"),
        PIXELMESH_SCRATCH_DIR: dir,
      },
    });
    const connection = connectRpc(`127.0.0.1:${healthPort}`);
    onTestFinished(async () => {
      connection.close();
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      release();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    });
    const health = connection.client(HealthDefinition);
    const statusOf = (name: string) =>
      health.check({ service: name }, { timeoutMs: 2_000 }).then(
        ({ status }) => status,
        () => 0,
      );

    await expect.poll(() => statusOf("startup"), { timeout: 60_000 }).toBe(serving);
    expect(await statusOf("liveness")).toBe(serving);
    expect(await statusOf("readiness")).toBe(notServing);

    const broker = await startBroker({ dataDir: join(dir, "broker"), port: brokerPort });
    onTestFinished(() => broker.stop());
    await expect.poll(() => statusOf("standby"), { timeout: 60_000 }).toBe(serving);
    expect(child.exitCode).toBe(null);
  },
);
