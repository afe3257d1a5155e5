import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPixelmesh, ImageFormat, type Job, JobState, type Pixelmesh } from "@pixelmesh/client";
import { parentWatch, serviceCommand, startMesh } from "@pixelmesh/local-mesh";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot, slowPipeline } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { startHeldMesh } from "../support/held-mesh.ts";
import { placeDisk } from "../support/small-disk.ts";

const picture = await sharp(robot).resize(900).png().toBuffer();
let made = 0;

/** Two effects that no earlier job had, with a frame between them. */
function freshPipeline() {
  made += 1;
  const second = effectStep("then", "black_and_white", { contrast: 1 + made / 1_000 }, "fx");
  return {
    steps: [...slowPipeline().steps, second],
    outputs: [{ name: "out", step: "then", encoding: { format: ImageFormat.PNG } }],
  };
}

const create = ({ jobs }: Pixelmesh) => jobs.create({ pipeline: freshPipeline(), pictures: [{ bytes: picture }] });

async function untilHalfDone({ jobs }: Pixelmesh, { id }: Job): Promise<void> {
  for await (const { steps } of jobs.watch(id)) if (steps.some(({ progress }) => progress > 0)) return;
}

async function expectSuccess({ jobs }: Pixelmesh, created: readonly Job[]): Promise<void> {
  const ended = await Promise.all(created.map(({ id }) => jobs.wait(id)));
  const all = ended.map(({ state, error }) => [state, error?.message]);
  expect(all).toEqual(created.map(() => [JobState.SUCCEEDED, undefined]));
}

/** A client that does not retry, so that refusals are seen. */
function connectImpatient(address: string): Pixelmesh {
  const client = connectPixelmesh({ address, retryTimeoutMs: 0 });
  onTestFinished(() => client.close());
  return client;
}

const storagePid = (mesh: TestMesh) => mesh.processes().find(({ name }) => name === "storage")?.pid;
const refused = { reason: expect.stringMatching(/^STORAGE_(FULL|UNAVAILABLE)$/), retryAfterMs: expect.any(Number) };

/** Starts a mesh whose storage has a shared store. `warmDir` is the disk of its replica. */
async function startWithTiers(env: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-cold-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "cold"));
  const mesh = await startTestMesh({
    env: {
      PIXELMESH_STORAGE_COLD: `file://${join(root, "cold")}`,
      PIXELMESH_STORAGE_MIN_FREE: "0B",
      PIXELMESH_STORAGE_SWEEP_EVERY: "500ms",
      // Nothing is served from memory, so that reads meet the disk.
      PIXELMESH_STORAGE_HOT_MAX: "0B",
      ...env,
    },
  });
  return { mesh, warmDir: join(mesh.dataDir, "blobs") };
}

test("the directory of the only copies vanishes under work and comes back: typed refusals, no blob counts as lost, and open jobs succeed", {
  timeout: 300_000,
}, async () => {
  await using mesh = await startHeldMesh({ env: { PIXELMESH_STORAGE_MIN_FREE: "0B" } });
  const impatient = connectImpatient(mesh.address);
  const first = await create(mesh.client);
  await expectSuccess(mesh.client, [first]);
  const result = await download(mesh.client, first, "out");
  const pid = storagePid(mesh);
  mesh.hold();
  const jobs = await Promise.all(Array.from({ length: 4 }, () => create(mesh.client)));
  // One step has read its input and has not stored its result.
  await Promise.any(jobs.map((job) => untilHalfDone(mesh.client, job)));

  const dir = join(mesh.dataDir, "blobs");
  renameSync(dir, `${dir}-away`);
  const other = await sharp(robot).resize(400).png().toBuffer();
  await expect(impatient.jobs.create({ pipeline: slowPipeline(), pictures: [{ bytes: other }] })).rejects.toMatchObject(
    {
      ...refused,
      reason: "STORAGE_UNAVAILABLE",
      message: expect.stringContaining("a directory of the store is missing"),
    },
  );
  await expect(download(impatient, first, "out")).rejects.toMatchObject({ reason: "STORAGE_UNAVAILABLE" });
  // A mount that is gone must not be replaced by a directory on another disk.
  expect(existsSync(dir)).toBe(false);
  mesh.release();
  await expect.poll(() => mesh.logs("effects"), { timeout: 60_000 }).toContain("the result cannot be stored");
  renameSync(`${dir}-away`, dir);

  await expectSuccess(mesh.client, jobs);
  expect(Buffer.compare(await download(mesh.client, first, "out"), result)).toBe(0);
  expect(storagePid(mesh)).toBe(pid);
});

test("with a shared store, results are read while the disk of the replica is read-only or full, jobs succeed in the end, and the service stays up", {
  timeout: 300_000,
}, async () => {
  const { mesh, warmDir } = await startWithTiers();
  await using _ = mesh;
  using disk = placeDisk(warmDir, 64);
  const pid = storagePid(mesh);
  for (const [name, outage] of Object.entries(disk.outages)) {
    const first = await create(mesh.client);
    await expectSuccess(mesh.client, [first]);
    const result = await download(mesh.client, first, "out");
    const jobs = [await create(mesh.client), await create(mesh.client)];
    await outage.begin();
    expect(Buffer.compare(await download(mesh.client, first, "out"), result), name).toBe(0);
    // What may go is evicted from a full disk, so a put may succeed there. It is refused with a retry delay otherwise.
    const asked = await create(connectImpatient(mesh.address)).catch((error: unknown) => error as Error);
    if (asked instanceof Error) expect(asked, name).toMatchObject(refused);
    else jobs.push(asked);
    expect(Buffer.compare(await download(mesh.client, first, "out"), result), name).toBe(0);
    await outage.end();
    await expectSuccess(mesh.client, jobs);
  }
  expect(storagePid(mesh)).toBe(pid);
});

test("with a shared store, a disk that vanished for good is replaced by an empty one, and nothing is lost", {
  timeout: 300_000,
}, async () => {
  const { mesh, warmDir } = await startWithTiers();
  await using _ = mesh;
  const first = await create(mesh.client);
  await expectSuccess(mesh.client, [first]);
  const result = await download(mesh.client, first, "out");
  const jobs = await Promise.all(Array.from({ length: 3 }, () => create(mesh.client)));
  const pid = storagePid(mesh);
  renameSync(warmDir, `${warmDir}-gone`);
  expect(Buffer.compare(await download(mesh.client, first, "out"), result)).toBe(0);
  await expect.poll(() => existsSync(join(warmDir, "tmp")), { timeout: 60_000 }).toBe(true);
  await expectSuccess(mesh.client, [...jobs, await create(mesh.client)]);
  expect(Buffer.compare(await download(mesh.client, first, "out"), result)).toBe(0);
  const stats = await mesh.client.stats();
  const warm = stats.storage?.tiers.find(({ tier }) => tier === "warm");
  expect(warm?.blobs).toBeGreaterThan(0);
  expect(storagePid(mesh)).toBe(pid);
});

test("on a slow disk jobs take longer and succeed, and the mesh is as quick as before when the disk is", {
  timeout: 300_000,
}, async () => {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-slow-"));
  const delayFile = join(root, "delay-ms");
  const slowDisk = new URL("../support/slow-disk.ts", import.meta.url).href;
  const mesh = await startMesh({
    dataDir: join(root, "mesh"),
    services: ["ingest", "scheduler", "storage", "effects"],
    ports: "free",
    env: { ...process.env, SLOW_DISK_FILE: delayFile, PIXELMESH_STOP_GRACE: "2s" },
    command(name) {
      const [node, ...args] = serviceCommand(name, process.execPath, { preload: parentWatch });
      return name === "storage" ? [node, "--import", slowDisk, ...args] : [node, ...args];
    },
  });
  const client = connectPixelmesh({ address: mesh.address });
  onTestFinished(async () => {
    client.close();
    await mesh.stop(5_000);
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  const pid = mesh.processes().find(({ name }) => name === "storage")?.pid;
  const delayMs = 700;
  writeFileSync(delayFile, String(delayMs));
  const delayed = () => (existsSync(`${delayFile}.delayed`) ? Number(readFileSync(`${delayFile}.delayed`, "utf8")) : 0);
  await expectSuccess(client, await Promise.all(Array.from({ length: 4 }, () => create(client))));
  // Upload, frame and output of each job are each several calls of the disk.
  expect(delayed()).toBeGreaterThan(4 * 3 * 2);
  rmSync(delayFile);
  await expectSuccess(client, [await create(client)]);
  expect(mesh.processes().find(({ name }) => name === "storage")?.pid).toBe(pid);
});
