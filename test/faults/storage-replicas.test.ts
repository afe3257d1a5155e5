import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bus, listServices, startBroker } from "@pixelmesh/bus";
import { connectPixelmesh, ImageFormat, type Job, JobState } from "@pixelmesh/client";
import { freePorts } from "@pixelmesh/testing";
import { download, effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";

type Service = "ingest" | "scheduler" | "storage" | "effects";

/** Starts two storage replicas on one shared store, and a mesh that calls both. All end with the test. */
async function startReplicas() {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-replicas-"));
  const broker = await startBroker({ dataDir: join(root, "nats") });
  const bus = await connectTestBus(broker.url);
  const children = new Set<ChildProcess>();
  onTestFinished(async () => {
    for (const child of children) child.kill("SIGKILL");
    await bus[Symbol.asyncDispose]();
    await broker.stop();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  mkdirSync(join(root, "cold"));
  const [a = 0, b = 0, ingest = 0, scheduler = 0, effects = 0] = await freePorts(5);
  const ports: Readonly<Record<string, number>> = { a, b, ingest, scheduler, effects };
  const common = {
    PIXELMESH_NATS_URL: broker.url,
    PIXELMESH_STORAGE_ADDRESS: `ipv4:127.0.0.1:${a},127.0.0.1:${b}`,
    PIXELMESH_INGEST_ADDRESS: `127.0.0.1:${ingest}`,
    PIXELMESH_SCHEDULER_ADDRESS: `127.0.0.1:${scheduler}`,
    PIXELMESH_EFFECTS_ADDRESS: `127.0.0.1:${effects}`,
    PIXELMESH_STORAGE_COLD: `file://${join(root, "cold")}`,
    PIXELMESH_STORAGE_MIN_FREE: "0B",
    PIXELMESH_STOP_GRACE: "1s",
    PIXELMESH_LOG_LEVEL: "error",
  };
  const start = async (service: Service, name: string, instance: string) => {
    const main = fileURLToPath(new URL(`../../services/${service}/src/main.ts`, import.meta.url));
    const area = `PIXELMESH_${service.toUpperCase()}`;
    const env = {
      ...process.env,
      ...common,
      PIXELMESH_INSTANCE: instance,
      PIXELMESH_STORAGE_DIR: join(root, `warm-${name}`),
      [`${area}_GRPC_PORT`]: String(ports[name]),
      [`${area}_HEALTH_PORT`]: "0",
      [`${area}_METRICS_PORT`]: "0",
    };
    const args = ["--conditions=development", "--disable-warning=ExperimentalWarning", main];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    children.add(child);
    let text = "";
    child.stderr.on("data", (chunk: Buffer) => {
      text = (text + chunk).slice(-4_000);
    });
    await announced(bus, instance, () => (child.exitCode === null ? undefined : text));
    return {
      async kill() {
        child.kill("SIGKILL");
        await once(child, "exit");
      },
    };
  };
  const first = await start("storage", "a", "a-1");
  const second = await start("storage", "b", "b-1");
  await Promise.all((["scheduler", "effects", "ingest"] as const).map((name) => start(name, name, `${name}-0`)));
  const client = connectPixelmesh({ address: common.PIXELMESH_INGEST_ADDRESS });
  onTestFinished(() => client.close());
  return { client, first, second, restartFirst: () => start("storage", "a", "a-2") };
}

/** Resolves when the process of this instance is announced. Throws if it ended. */
async function announced(bus: Bus, instance: string, failure: () => string | undefined): Promise<void> {
  for (;;) {
    const known = await listServices(bus).catch(() => []);
    if (known.some((each) => each.instance === instance)) return;
    const text = failure();
    if (text !== undefined) throw new Error(`A service did not start: ${text}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}

test("kill -9 of either of two storage replicas under load loses no result and fails no job", {
  timeout: 300_000,
}, async () => {
  const { client, first, second, restartFirst } = await startReplicas();
  const ended: { readonly job: Job; readonly state: JobState }[] = [];
  let isOver = false;
  let made = 0;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      made += 1;
      const bytes = await sharp(robot)
        .resize(500 + (made % 50))
        .png()
        .toBuffer();
      // Two steps, so that a frame is stored and read too.
      const steps = [
        effectStep("first", "black_and_white", { contrast: 1 + made / 1_000 }),
        effectStep("then", "pop_art", {}, "first"),
      ];
      const outputs = [{ name: "out", step: "then", encoding: { format: ImageFormat.PNG } }];
      const created = await client.jobs.create({ pipeline: { steps, outputs }, pictures: [{ bytes }] });
      const job = await client.jobs.wait(created.id);
      ended.push({ job, state: job.state });
    }
  });
  const more = async (count: number) => {
    const from = ended.length;
    await expect.poll(() => ended.length, { timeout: 120_000 }).toBeGreaterThanOrEqual(from + count);
  };
  await more(8);
  await first.kill();
  await more(8);
  await restartFirst();
  await more(4);
  await second.kill();
  await more(8);
  isOver = true;
  await Promise.all(load);

  expect(ended.filter(({ state }) => state !== JobState.SUCCEEDED).map(({ job }) => job.error)).toEqual([]);
  for (const { job } of ended) {
    const bytes = await download(client, job, "out");
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(job.outputs[0]?.sha256);
  }
});
