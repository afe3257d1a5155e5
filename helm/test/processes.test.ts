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
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { neededEdges } from "./network-faults.ts";
import { ofKind, toolPodsOf } from "./objects.ts";
import { commandOf, connectionsBetween, type PodProcess, planPods, startPod } from "./pod-processes.ts";
import { makeSecrets, type TestSecrets } from "./pod-secrets.ts";
import { render } from "./render.ts";
import { roles } from "./roles.ts";
import { runHelmTest } from "./tool-process.ts";

// Every pod needs its own loopback address, which only Linux has without configuration.
const isLinux = process.platform === "linux";
if (!isLinux) console.log("processes.test.ts: SKIPPED, pods need their own loopback addresses");

const replicas = { ingest: 2, scheduler: 2, effects: 2, gateway: 1 };
const values = {
  autoscaling: { mode: "none" },
  services: {
    ...Object.fromEntries(Object.entries(replicas).map(([name, count]) => [name, { replicas: count }])),
    // There is no provider of hosted models here: services/remote/test has one.
    remote: { enabled: false },
  },
};
const picture = readFileSync(fileURLToPath(new URL("../../examples/portrait-object.jpg", import.meta.url)));
const serving = 1;

/** Runs a probe of a pod as the kubelet does: checks the service of the probe on the health port. */
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

describe.skipIf(!isLinux).each(["minimal", "mtls"])("the pods of the profile %s, as processes", (profile) => {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-pods-"));
  // A subnet 127.x.y.0/24 for this process and profile, so that parallel test runs do not collide.
  const subnet = `127.${100 + (process.pid % 100)}.${(Math.floor(process.pid / 100) % 120) * 2 + (profile === "mtls" ? 1 : 0)}`;
  const { objects } = render({ profile, values });
  let secrets: TestSecrets | undefined;
  let broker: Awaited<ReturnType<typeof startBroker>>;
  let pods: PodProcess[] = [];

  beforeAll(async () => {
    if (profile === "mtls") secrets = await makeSecrets(join(dir, "secrets"));
    broker = await startBroker({ dataDir: join(dir, "broker"), ...(secrets ? { config: secrets.brokerConfig } : {}) });
  });

  afterAll(async () => {
    for (const { child } of pods) child.kill("SIGKILL");
    await broker?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });

  test("the provisioning Job creates the queues with its rendered environment, and ends", async () => {
    const container = ofKind(objects, "Job")[0]?.spec?.template.spec?.containers[0];
    const given = (container?.env ?? []).map(({ name, value = "" }) => [name, value]);
    const atBroker = { PIXELMESH_NATS_URL: broker.url, ...secrets?.brokerEnv };
    const env = { PATH: process.env.PATH, ...Object.fromEntries(given), ...atBroker };
    const args = [...commandOf("scheduler"), ...(container?.args ?? [])];
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      env,
      timeout: 60_000,
    });
    expect({ status, signal, output: stdout + stderr }).toMatchObject({ status: 0, signal: null });
    const log = createLogger({ service: "test", instance: "0", level: "silent" });
    const config = loadConfig(busFields, atBroker);
    const bus = await connectBus({ ...config, name: "test", log, metrics: createMetrics("test", "0") });
    const queues = (await listQueues(bus)).map(({ name }) => name);
    await bus.close();
    expect(queues).toContain("upscale.interactive");
  });

  test("every pod starts with its rendered environment, and its probes succeed", async () => {
    const plans = planPods(objects, { dir, subnet, brokerUrl: broker.url });
    expect(
      plans
        .map(({ workload }) => workload.name)
        .sort()
        .join(),
    ).toBe("background,effects,effects,gateway,ingest,ingest,scheduler,scheduler,storage,upscale");
    for (const { name, rewritten } of plans)
      expect(
        Object.keys(rewritten).filter((key) => !/^PIXELMESH_(HOST|NATS_URL|\w+_(ADDRESS|DIR|FILE))$/.test(key)),
        name,
      ).toEqual([]);
    for (const plan of plans) secrets?.mount(plan, dir);
    // A retry reuses the pods of the first try.
    if (pods.length === 0) pods = plans.map(startPod);
    for (const pod of pods) {
      for (const kind of ["startupProbe", "readinessProbe", "livenessProbe"] as const)
        await expect
          .poll(() => probe(pod, kind), { timeout: 180_000 })
          .toBe(true)
          .catch((cause: unknown) => {
            throw new Error(`The ${kind} of ${pod.name} fails; its log: ${pod.log()}`, { cause });
          });
    }
  });

  test("the pods complete a job, over the connections that the policies allow", async () => {
    const ingest = pods.filter(({ workload }) => workload.name === "ingest").map(({ ip }) => `${ip}:7400`);
    const client = connectPixelmesh({ address: `ipv4:${ingest.join(",")}`, ...secrets?.caller });
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

      // Both replicas of ingest answer, each at its own address.
      expect(await client.stats()).toMatchObject({ missing: [] });
      const services = (await client.cluster()).services.map(({ service, instance }) => `${service} ${instance}`);
      expect(services.sort()).toEqual(
        pods
          .filter(({ workload }) => roles[workload.role]?.usesBroker)
          .map(({ workload, name }) => `${workload.role} ${name}`)
          .sort(),
      );

      const needed = neededEdges(pods.map(({ workload }) => workload));
      const used = connectionsBetween(pods);
      expect(used.filter((edge) => !needed.includes(edge))).toEqual([]);
      expect(needed.filter((edge) => !used.includes(edge) && edge !== "ingest -> ingest:7400")).toEqual([]);
    } finally {
      client.close();
    }
  });

  test("the pod of `helm test` makes its picture with its rendered environment", async () => {
    const tool = toolPodsOf(objects).find(({ name }) => name !== "toolbox");
    if (tool) secrets?.mount({ name: "helm-test", workload: tool }, dir);
    const [ingest] = pods.filter(({ workload }) => workload.name === "ingest");
    const address = `${ingest?.ip}:7400`;
    expect(await runHelmTest(objects, { dir, address, token: secrets?.caller.token })).toEqual([
      expect.stringMatching(/^picture.*\.png$/),
    ]);
  });

  test("the pods stay within their requested memory", () => {
    for (const pod of pods) {
      const { requests } = pod.workload.pod.spec?.containers[0]?.resources ?? {};
      const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(String(requests?.memory)) ?? [];
      expect(pod.peakMib(), pod.name).toBeLessThan(Number(number) * (unit === "Gi" ? 1024 : 1));
    }
    if (process.env.PIXELMESH_SHOW_MEMORY) console.table(pods.map((pod) => [pod.name, Math.round(pod.peakMib())]));
  });

  test("storage writes to its mounted volume", () => {
    const storage = pods.find(({ workload }) => workload.name === "storage");
    expect(existsSync(storage?.env.PIXELMESH_STORAGE_DIR ?? "")).toBe(true);
    expect(readdirSync(join(dir, storage?.name ?? "", "data")).length).toBeGreaterThan(0);
  });

  test("the pods stop within their grace period, in any order", async () => {
    const ends = await Promise.all(pods.map(async (pod) => ({ pod, ...(await pod.stop()) })));
    for (const { pod, code, ms } of ends) {
      expect(code, `${pod.name}: ${pod.log()}`).toBe(0);
      expect(ms).toBeLessThan(1_000 * (pod.workload.pod.spec?.terminationGracePeriodSeconds ?? 0));
    }
  });
});
