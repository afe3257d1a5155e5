import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connectPixelmesh } from "@pixelmesh/client";
import { effectStep, step } from "@pixelmesh/testing/jobs";
import type { IPod } from "kubernetes-models/v1/Pod";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyChartWithNats } from "../../chart/copy-chart.ts";
import { helm } from "../../chart/helm.ts";
import { connectCluster, createNamespace, objectsIn, restricted } from "../../cluster.ts";
import { root } from "../../control-plane/programs.ts";
import { waitUntil } from "../../control-plane/start-program.ts";
import { podFaults, type WorkloadView, workloadFaults } from "../../faults.ts";
import { type Outcomes, startLoad } from "../load.ts";
import { forwardPort } from "../port-forward.ts";

const api = connectCluster();
const namespace = "pixelmesh";
const pods = `/api/v1/namespaces/${namespace}/pods`;
const picturePath = join(root, "examples/portrait-object.jpg");

let forwarded: Awaited<ReturnType<typeof forwardPort>>;
beforeAll(async () => {
  await createNamespace(api, namespace, restricted);
  const values = fileURLToPath(new URL("values.yaml", import.meta.url));
  await helm(
    "install",
    "mesh",
    copyChartWithNats(),
    "--namespace",
    namespace,
    "--values",
    values,
    "--wait",
    "--timeout",
    "240s",
  ).catch(async (error) => {
    throw new Error(`${error}\n${(await podFaults(await api.list<IPod>(pods))).join("\n")}`);
  });
  forwarded = await forwardPort(namespace, "deploy/mesh-pixelmesh-ingest", 7400);
}, 300_000);
afterAll(() => forwarded?.[Symbol.asyncDispose]());

/** Waits until every pod is ready and every workload complete. */
async function allReady(): Promise<void> {
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const isReady = async () => {
    const workloads = await Promise.all(
      ["deployments", "statefulsets"].map((it) => api.list<WorkloadView>(`${apps}/${it}`)),
    );
    return [...podFaults(await api.list<IPod>(pods)), ...workloadFaults(workloads.flat())].length === 0;
  };
  await waitUntil("ready pods", isReady, { limitMs: 180_000, everyMs: 500 });
}

test("a picture is upscaled through a forwarded port", async () => {
  const out = await mkdtemp(join(tmpdir(), "pixelmesh-out-"));
  try {
    const args = ["run", picturePath, "--upscale", "2", "--out-dir", out, "--address", forwarded.address];
    await promisify(execFile)(join(root, "bin/pixelmesh"), args, { timeout: 120_000 });
    const [file = ""] = await readdir(out);
    const [before, after] = [await sharp(picturePath).metadata(), await sharp(join(out, file)).metadata()];
    expect([after.width, after.height]).toEqual([2 * before.width, 2 * before.height]);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});

const uidOf = async (name: string) => (await api.get<IPod>(`${pods}/${name}`)).metadata?.uid;

/** Deletes a pod of a StatefulSet and waits until its successor is ready. */
async function deletePod(name: string, options: object = {}): Promise<void> {
  const before = await uidOf(name);
  await api.remove(`${pods}/${name}`, { kind: "DeleteOptions", apiVersion: "v1", ...options });
  await waitUntil(`a new ${name}`, async () => (await uidOf(name)) !== before, { limitMs: 180_000, everyMs: 500 });
  await allReady();
}

/** Does what `kubectl rollout restart` does, and waits for the end of the rollout. */
async function restart(deployment: string): Promise<void> {
  const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;
  const { metadata } = await api.get<{ metadata: { generation: number } }>(path);
  await api.patch(path, { spec: { template: { metadata: { annotations } } } });
  const isObserved = async () =>
    ((await api.get<{ status: { observedGeneration?: number } }>(path)).status.observedGeneration ?? 0) >
    metadata.generation;
  await waitUntil(`the rollout of ${deployment}`, isObserved, { limitMs: 30_000 });
  await allReady();
}

const address = () => forwarded.address;

/** Deletes the leading scheduler by force: the pod after whose end another term begins. */
async function deleteLeader(): Promise<void> {
  const client = connectPixelmesh({ address: address() });
  try {
    const { leaderTerm } = await client.cluster();
    const hasNewTerm = async () => (await client.cluster()).leaderTerm > leaderTerm;
    for (const name of ["mesh-pixelmesh-scheduler-0", "mesh-pixelmesh-scheduler-1"]) {
      await deletePod(name, { gracePeriodSeconds: 0 });
      if (await hasNewTerm()) return;
    }
    throw new Error(`Expected a term above ${leaderTerm} after both schedulers were deleted`);
  } finally {
    client.close();
  }
}

async function restartWorkers(): Promise<void> {
  for (const name of ["effects", "upscale"]) await restart(`mesh-pixelmesh-${name}`);
}

/** A job of two steps on two services. No two are equal, so that none has a stored result. */
const pipelineOf = (at: number) => ({
  steps: [
    effectStep("tone", "black_and_white", { contrast: 1 + at / 10_000 }),
    step("large", { $case: "upscale", value: { scale: 2 } } as never, "tone"),
  ],
});

let jobsBefore = 0;

// The reasons with which calls and jobs may fail meanwhile, from the drills of docs/how-to/run-in-kubernetes.md.
test.each([
  { drill: "workers are rolled", act: restartWorkers, allowed: [] },
  { drill: "the leading scheduler is deleted by force", act: deleteLeader, allowed: [] },
  { drill: "storage is deleted", act: () => deletePod("mesh-pixelmesh-storage-0"), allowed: [] },
  { drill: "the only NATS server is deleted", act: () => deletePod("mesh-nats-0"), allowed: ["BROKER_UNAVAILABLE"] },
])("every job ends as it should while $drill", async ({ drill, act, allowed }) => {
  const client = connectPixelmesh({ address: address() });
  const bytes = await sharp(picturePath).resize(96).jpeg().toBuffer();
  jobsBefore += 1_000;
  const firstJob = jobsBefore;
  const load = startLoad(client, (at) =>
    client.jobs.create({ pipeline: pipelineOf(firstJob + at), pictures: [{ bytes }] }),
  );
  let outcomes: Outcomes;
  try {
    await act();
  } finally {
    outcomes = await load.stop();
    client.close();
  }
  const { succeeded, failures, open } = outcomes;
  console.log(
    `  ${drill}: ${succeeded} jobs succeeded, failed: ${failures.map(({ reason }) => reason).join() || "none"}`,
  );
  expect(open).toBe(0);
  expect(succeeded).toBeGreaterThan(0);
  expect(failures.filter(({ isRetryable, reason }) => !isRetryable || !allowed.includes(reason))).toEqual([]);
});

test("the claims of storage and of NATS stay after an uninstallation", async () => {
  await helm("uninstall", "mesh", "--namespace", namespace, "--wait", "--timeout", "240s");
  const claims = (await objectsIn(api, namespace)).filter((one) => one.startsWith("PersistentVolumeClaim/"));
  expect(claims).toEqual([
    "PersistentVolumeClaim/mesh-nats-js-mesh-nats-0",
    "PersistentVolumeClaim/mesh-pixelmesh-storage",
  ]);
});
