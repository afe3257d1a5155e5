import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { busFields, connectBus, listQueues, startBroker } from "@pixelmesh/bus";
import { connectPixelmesh, JobState } from "@pixelmesh/client";
import { loadConfig } from "@pixelmesh/config";
import { connectRpc, HealthDefinition } from "@pixelmesh/rpc";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { afterAll, beforeAll, expect, test } from "vitest";
import { neededEdges } from "./network-faults.ts";
import { ofKind } from "./objects.ts";
import { commandOf, connectionsBetween, type PodProcess, planPods, startPod } from "./pod-processes.ts";
import { render } from "./render.ts";

// Every pod gets an address of loopback, which only Linux has without asking.
const isLinux = process.platform === "linux";
if (!isLinux) console.log("processes.test.ts: SKIPPED, pods need addresses of their own on loopback");

const replicas = { ingest: 2, scheduler: 2, effects: 2 };
const values = {
  services: Object.fromEntries(Object.entries(replicas).map(([name, count]) => [name, { replicas: count }])),
};
const picture = readFileSync(fileURLToPath(new URL("../../examples/portrait-object.jpg", import.meta.url)));
const serving = 1;
const dir = mkdtempSync(join(tmpdir(), "pixelmesh-pods-"));
// Meshes of several test runs on one machine must not meet: 127.x.y.0/24 of this process's own.
const subnet = `127.${100 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}`;

const { objects } = isLinux ? render({ profile: "minimal", values }) : { objects: [] };
let broker: Awaited<ReturnType<typeof startBroker>>;
let pods: PodProcess[] = [];

beforeAll(async () => {
  if (!isLinux) return;
  broker = await startBroker({ dataDir: join(dir, "broker") });
});

afterAll(async () => {
  for (const { child } of pods) child.kill("SIGKILL");
  await broker?.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

/** What the kubelet does with a probe of a pod: asks its health port for the service that the probe names. */
async function probe(
  { ip, workload }: PodProcess,
  kind: "startupProbe" | "readinessProbe" | "livenessProbe",
): Promise<boolean> {
  const grpc = workload.pod.spec?.containers[0]?.[kind]?.grpc;
  const connection = connectRpc(`${ip}:${grpc?.port}`);
  try {
    const { status } = await connection
      .client(HealthDefinition)
      .check({ service: grpc?.service ?? "" }, { timeoutMs: 1_000 });
    return status === serving;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}

test.skipIf(!isLinux)("the provisioning Job does its work with its rendered environment, and ends", async () => {
  const container = ofKind(objects, "Job")[0]?.spec?.template.spec?.containers[0];
  const given = (container?.env ?? []).map(({ name, value = "" }) => [name, value]);
  const env = { PATH: process.env.PATH, ...Object.fromEntries(given), PIXELMESH_NATS_URL: broker.url };
  const args = [...commandOf("scheduler"), ...(container?.args ?? [])];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env,
    timeout: 60_000,
  });
  expect({ status, signal, said: stdout + stderr }).toMatchObject({ status: 0, signal: null });
  const log = createLogger({ service: "test", instance: "0", level: "silent" });
  const config = loadConfig(busFields, { PIXELMESH_NATS_URL: broker.url });
  const bus = await connectBus({ ...config, name: "test", log, metrics: createMetrics("test", "0") });
  const queues = (await listQueues(bus)).map(({ name }) => name);
  await bus.close();
  expect(queues).toContain("upscale.interactive");
});

test.skipIf(!isLinux)("every pod starts with exactly what was rendered, and its probes say so", async () => {
  const plans = planPods(objects, { dir, subnet, brokerUrl: broker.url });
  expect(
    plans
      .map(({ workload }) => workload.name)
      .sort()
      .join(),
  ).toBe("background,effects,effects,ingest,ingest,scheduler,scheduler,storage,upscale");
  for (const { name, rewritten } of plans)
    expect(
      Object.keys(rewritten).filter((key) => !/^PIXELMESH_(HOST|NATS_URL|\w+_ADDRESS|\w+_DIR)$/.test(key)),
      name,
    ).toEqual([]);
  pods = plans.map(startPod);
  for (const pod of pods) {
    for (const kind of ["startupProbe", "readinessProbe", "livenessProbe"] as const)
      await expect.poll(() => probe(pod, kind), { message: `${kind} of ${pod.name}: ${pod.log()}` }).toBe(true);
  }
});

test.skipIf(!isLinux)("they do a job together, over the edges that the policies leave open", async () => {
  const ingest = pods.filter(({ workload }) => workload.name === "ingest").map(({ ip }) => `${ip}:7400`);
  const client = connectPixelmesh({ address: `ipv4:${ingest.join(",")}` });
  try {
    const step = (id: string, $case: string, value: object, ...from: string[]) => ({
      id,
      operation: { $case, value } as never,
      inputs: from.map((name) => ({ from: { $case: "step" as const, value: name } })),
    });
    const steps = [
      step("small", "prescale", { maxSidePx: 96 }),
      step("larger", "upscale", { scale: 2 }, "small"),
      step("cut", "removeBackground", {}, "small"),
      ...["black_and_white", "pop_art"].map((name) =>
        step(name, "applyEffects", { effects: [{ name, parameters: {} }] }, "larger"),
      ),
    ];
    const outputs = steps.map(({ id }) => ({ name: id, step: id }));
    const effects = (await client.effects()).map(({ name }) => name);
    expect(effects).toEqual(expect.arrayContaining(["black_and_white", "pop_art"]));
    const created = await client.jobs.create({
      pipeline: { steps, outputs },
      pictures: [{ bytes: picture }],
      noCache: true,
    });
    const job = await client.jobs.wait(created.id);
    expect(job.error).toBeUndefined();
    expect(job.state).toBe(JobState.SUCCEEDED);
    const { chunks } = await client.jobs.download(job.id, "larger");
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    expect(Buffer.concat(parts).length).toBeGreaterThan(500);

    // Both replicas of ingest are asked, each at its own address.
    expect(await client.stats()).toMatchObject({ missing: [] });
    const services = (await client.cluster()).services.map(({ service, instance }) => `${service} ${instance}`);
    expect(services.sort()).toEqual(pods.map(({ workload, name }) => `${workload.role} ${name}`).sort());

    const needed = neededEdges(pods.map(({ workload }) => workload));
    const used = connectionsBetween(pods);
    expect(used.filter((edge) => !needed.includes(edge))).toEqual([]);
    expect(needed.filter((edge) => !used.includes(edge) && edge !== "ingest -> ingest:7400")).toEqual([]);
  } finally {
    client.close();
  }
});

test.skipIf(!isLinux)("what a pod writes is where a volume is mounted", () => {
  const storage = pods.find(({ workload }) => workload.name === "storage");
  expect(existsSync(storage?.env.PIXELMESH_STORAGE_DIR ?? "")).toBe(true);
  expect(readdirSync(join(dir, storage?.name ?? "", "data")).length).toBeGreaterThan(0);
});

test.skipIf(!isLinux)("they stop well within their grace, whoever is first", async () => {
  const ends = await Promise.all(pods.map(async (pod) => ({ pod, ...(await pod.stop()) })));
  for (const { pod, code, ms } of ends) {
    expect(code, `${pod.name}: ${pod.log()}`).toBe(0);
    expect(ms).toBeLessThan(1_000 * (pod.workload.pod.spec?.terminationGracePeriodSeconds ?? 0));
  }
});
