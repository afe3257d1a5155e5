import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppError, connectPixelmesh, JobState } from "@pixelmesh/client";
import { CreateJobHeader, JobServiceDefinition, Pipeline } from "@pixelmesh/proto";
import { connectRpc, type RpcClient } from "@pixelmesh/rpc";
import { startTestMesh } from "@pixelmesh/testing";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus, countEnds, keysLeft } from "@pixelmesh/testing/processes";
import { expect, onTestFinished, test } from "vitest";
import { startBrokerCluster } from "../support/broker-cluster.ts";
import { allAnnounced, startServices } from "../support/service-processes.ts";

const services = ["storage", "scheduler", "ingest", "effects"] as const;
const pipeline = Pipeline.fromPartial({ steps: [effectStep("fx", "dither")] });
/** Failures that the caller may retry. */
const passing = ["BROKER_UNAVAILABLE", "SERVICE_UNAVAILABLE", "STOPPING"];

/** Makes three kinds of calls, every `everyMs`, each without retries. `disturb` gets the number of calls so far. */
async function callWhile(address: string, count: number, everyMs: number, disturb: (at: number) => void) {
  const connection = connectRpc(address);
  onTestFinished(connection.close);
  const rpc = connection.client(JobServiceDefinition);
  const failures: AppError[] = [];
  const accepted: string[] = [];
  const calls: Promise<unknown>[] = [];
  const note = (error: AppError) => failures.push(error);
  for (let at = 0; at < count; at++) {
    disturb(at);
    calls.push(
      createOnce(rpc, `request-${at}`).then((id) => accepted.push(id), note),
      rpc.listJobs({}, { timeoutMs: 20_000 }).catch(note),
      rpc.getStats({}, { timeoutMs: 20_000 }).catch(note),
    );
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await Promise.all(calls);
  return { failures, accepted };
}

async function createOnce(rpc: RpcClient<JobServiceDefinition>, requestId: string): Promise<string> {
  async function* messages() {
    const header = CreateJobHeader.fromPartial({ pipeline, requestId, noCache: true });
    yield { part: { $case: "header" as const, value: header } };
    yield { part: { $case: "upload" as const, value: { name: "source", sha256: "", sizeBytes: 0 } } };
    yield { part: { $case: "chunk" as const, value: robot } };
    yield { part: { $case: "end" as const, value: {} } };
  }
  return (await rpc.createJob(messages(), { timeoutMs: 20_000 })).id;
}

function expectTyped(failures: readonly AppError[]): void {
  const others = failures.filter(({ reason, retryAfterMs }) => !passing.includes(reason) || retryAfterMs === undefined);
  expect(others.map(({ reason, message, retryAfterMs }) => ({ reason, message, retryAfterMs }))).toEqual([]);
}

async function expectAllSucceed(address: string, jobIds: readonly string[]): Promise<void> {
  const client = connectPixelmesh({ address });
  onTestFinished(client.close);
  for (const id of jobIds) expect((await client.jobs.wait(id)).state).toBe(JobState.SUCCEEDED);
}

test("while the broker is killed and stopped, calls succeed or fail with a reason and a retry delay; accepted jobs succeed", async () => {
  await using mesh = await startTestMesh({ services: [...services] });
  const { failures, accepted } = await callWhile(mesh.address, 60, 250, (at) => {
    if (at === 10 || at === 35) mesh.kill("broker", "SIGKILL");
    if (at === 22) mesh.kill("broker", "SIGSTOP");
    if (at === 26) mesh.kill("broker", "SIGCONT");
  });
  expectTyped(failures);
  expect(accepted.length).toBeGreaterThan(30);
  await expectAllSucceed(mesh.address, accepted);
});

test("services that start before their broker are not ready until it starts", async () => {
  await using stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-late-"));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const cluster = stack.use(await startBrokerCluster({ nodes: [] }));
  const mesh = stack.use(
    await startServices(
      services.map((name) => ({ name, service: name, instance: "0" })),
      { PIXELMESH_NATS_URL: cluster.url, PIXELMESH_STORAGE_DIR: join(dir, "blobs") },
    ),
  );
  // Longer than one attempt to connect; the log names the broker.
  await expect.poll(() => services.every((name) => mesh.errorOutput(name).includes("does not answer yet"))).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  expect(mesh.exits()).toBe(0);
  expect(services.some((name) => mesh.errorOutput(name).includes('"msg":"ready"'))).toBe(false);

  for (const node of [0, 1, 2]) cluster.start(node);
  const bus = stack.use(await connectTestBus(cluster.url));
  await allAnnounced(bus, services.length, () => services.map(mesh.errorOutput));
  const { failures, accepted } = await callWhile(mesh.address("ingest"), 3, 10, () => {});
  expectTyped(failures);
  await expectAllSucceed(mesh.address("ingest"), accepted);
  expect(mesh.exits()).toBe(0);
});

test("while nodes of a broker cluster are killed and stopped, each failed call has a reason, and each accepted job ends once", async () => {
  await using stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-nodes-"));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const cluster = stack.use(await startBrokerCluster());
  const mesh = stack.use(
    await startServices(
      services.map((name) => ({ name, service: name, instance: "0" })),
      {
        PIXELMESH_NATS_URL: cluster.url,
        PIXELMESH_NATS_REPLICAS: "3",
        PIXELMESH_STORAGE_DIR: join(dir, "blobs"),
        PIXELMESH_INGEST_RECONCILE_AFTER: "2s",
      },
    ),
  );
  const bus = stack.use(await connectTestBus(cluster.url));
  await allAnnounced(bus, services.length, () => services.map(mesh.errorOutput));
  const { failures, accepted } = await callWhile(mesh.address("ingest"), 60, 500, (at) => {
    if (at === 10) cluster.signal(0, "SIGKILL");
    if (at === 20) cluster.start(0);
    if (at === 34) cluster.signal(1, "SIGSTOP");
    if (at === 42) cluster.signal(1, "SIGCONT");
    if (at === 50) cluster.signal(2, "SIGKILL");
  });
  cluster.start(2);
  expectTyped(failures);
  expect(accepted.length).toBeGreaterThan(0);
  await expectAllSucceed(mesh.address("ingest"), accepted);
  await expect.poll(() => keysLeft(bus, "open"), { timeout: 60_000 }).toEqual([]);
  const client = connectPixelmesh({ address: mesh.address("ingest") });
  onTestFinished(client.close);
  const listed = await Array.fromAsync(client.jobs.list());
  expect(listed.filter(({ state }) => state !== JobState.SUCCEEDED)).toEqual([]);
  // No end is counted twice. One whose last answer of the broker was lost is not counted.
  expect(await countEnds(bus, "succeeded")).toBeLessThanOrEqual(listed.length);
  expect(mesh.exits()).toBe(0);
});
