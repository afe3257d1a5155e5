import type { Bus } from "@pixelmesh/bus";
import { ImageFormat, JobState } from "@pixelmesh/client";
import { EffectsServiceDefinition, JobServiceDefinition, StorageServiceDefinition } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { step } from "@pixelmesh/testing/jobs";
import {
  clients,
  collectable,
  connectTestBus,
  countBlobsOpen,
  countOpenFiles,
  countTemps,
  findGrown,
  halfABlob,
  halfAJob,
  keysLeft,
  listOpen,
  readMemory,
  slowEffects,
  vanish,
} from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

/** Space for the large picture or two rounds of broken uploads: the leftovers of a round would fail later uploads. */
const env = { ...collectable, PIXELMESH_INGEST_UPLOAD_MEMORY: "32MiB" };
let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
/** More bytes than all buffers between storage and a client that does not read. */
let large: Buffer;
let medium: Buffer;
beforeAll(async () => {
  large = await noise(3_600, 2_400);
  medium = await noise(1_600, 1_200);
  mesh = await startTestMesh({ env });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

function noise(width: number, height: number): Promise<Buffer> {
  const gaussian = { type: "gaussian" as const, mean: 128, sigma: 60 };
  return sharp({ create: { width, height, channels: 3, background: "#888", noise: gaussian } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

const patience = { timeout: 20_000, interval: 25 };

/** Counts the sockets that a service opens from now on. Those of earlier clients may close meanwhile. */
function countOpened(service: string): () => number {
  const pid = mesh.processes().find(({ name }) => name === service)?.pid as number;
  const before = new Set(listOpen(pid));
  return () => listOpen(pid).filter((name) => name.startsWith("socket:") && !before.has(name)).length;
}

async function round(jobId: string): Promise<void> {
  let begun = 0;
  const openedByIngest = countOpened("ingest");
  await vanish(
    mesh,
    "ingest",
    (connection, isCut) => connection.client(JobServiceDefinition).createJob(halfAJob(medium, isCut, () => begun++)),
    () => begun === clients && openedByIngest() >= clients,
  );
  await vanish(
    mesh,
    "storage",
    (connection, isCut) => connection.client(StorageServiceDefinition).putBlob(halfABlob(medium, isCut)),
    () => countTemps(mesh) === clients,
  );
  const reading = new Set<unknown>();
  await vanish(
    mesh,
    "ingest",
    async (connection, isCut) => {
      const stream = connection.client(JobServiceDefinition).downloadOutput({ jobId, output: "result" });
      for await (const _ of stream) {
        reading.add(connection);
        await isCut;
      }
    },
    () => reading.size === clients,
  );
  await vanish(
    mesh,
    "effects",
    (connection) => Array.fromAsync(connection.client(EffectsServiceDefinition).applyEffects(slowEffects(medium))),
    async () => (await mesh.client.cluster()).slots.length > 0,
  );
}

/** All leftovers of clients, as counted by the file system, the kernel, the broker and the scheduler. */
async function readLevels() {
  const stored = async (stream: string) => (await bus.jsm.streams.info(stream)).state.messages;
  const { slots, queues } = await mesh.client.cluster();
  return {
    temps: countTemps(mesh),
    blobsOpen: countBlobsOpen(mesh),
    slots: slots.length,
    waiting: queues.reduce((sum, { waiting, running }) => sum + waiting + running, 0),
    open: (await keysLeft(bus, "open")).length,
    records: await stored("KV_jobs"),
    work: await stored("WORK_EFFECTS"),
  };
}

test("clients that vanish during an upload, a download or a direct call leave no file, connection, slot, job or memory", {
  timeout: 240_000,
}, async () => {
  const pipeline = {
    steps: [step("same", { $case: "prescale", value: { maxSidePx: 4_000, maxPixels: 0 } })],
    outputs: [{ name: "result", step: "same", encoding: { format: ImageFormat.PNG } }],
  };
  const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: large }], noCache: true });
  expect(await mesh.client.jobs.wait(id)).toMatchObject({ state: JobState.SUCCEEDED });
  const pids = mesh.processes().map(({ pid }) => pid);
  for (let at = 0; at < 2; at++) await round(id);
  const nothing = { temps: 0, blobsOpen: 0, slots: 0, waiting: 0, open: 0, work: 0 };
  await expect.poll(readLevels, patience).toMatchObject(nothing);
  const levels = await readLevels();
  const files = countOpenFiles(mesh);
  const memory = await readMemory(mesh);

  for (let at = 0; at < 2; at++) await round(id);
  await expect.poll(readLevels, patience).toEqual(levels);
  // Two rounds of broken calls are twelve connections for each kind of call.
  const more = () => Object.entries(countOpenFiles(mesh)).filter(([name, count]) => count > (files[name] ?? 0) + 8);
  await expect.poll(more, patience).toEqual([]);
  // Two rounds of broken uploads are ten times that size.
  await expect.poll(() => findGrown(mesh, memory, { kept: 24, anonymous: 192 }), patience).toEqual([]);
  // The memory for uploads was released: this upload needs most of it.
  const whole = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: large }] });
  expect(await mesh.client.jobs.wait(whole.id)).toMatchObject({ state: JobState.SUCCEEDED });
  expect(mesh.processes().map(({ pid }) => pid)).toEqual(pids);
  expect(mesh.events().filter(({ kind }) => kind === "restarted" || kind === "error")).toEqual([]);
});
