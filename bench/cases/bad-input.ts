import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { type AppError, ImageFormat } from "@pixelmesh/client";
import { EffectsServiceDefinition, JobServiceDefinition, StorageServiceDefinition } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { bombs } from "@pixelmesh/testing/pictures";
import {
  clients,
  countBlobsOpen,
  countOpenFiles,
  countTemps,
  halfABlob,
  halfAJob,
  readPeakMemory,
  resetPeakMemory,
  slowEffects,
  vanish,
} from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";

const mib = 1024 * 1024;
const rounds = 5;
const pollEveryMs = 10;

/** Measures the cost of refusing headers that claim too much, and the time until nothing is left of clients that disconnect. */
export async function badInputCase(): Promise<boolean> {
  await using mesh = await startTestMesh();
  const { refusedMs, grownMib, files } = await refuseBombs(mesh);
  const goneMs = await loseClients(mesh);
  const longest = Math.max(...[...goneMs.values()].flat());
  const refused = spread(refusedMs, 1);
  const gone = Object.fromEntries([...goneMs].map(([call, times]) => [call, spread(times)]));
  const load = loadavg()[0];
  return report("bad-input", [
    {
      name: "a header that claims too much, from its first byte sent to the refusal: median of the slowest file",
      value: refused.max,
      unit: "ms",
      bound: 50,
      details: { files, rounds, mediansOfFilesMs: refused, load },
    },
    {
      name: "rise of ingest's peak memory, over all of them",
      value: Number(grownMib.toFixed(1)),
      unit: "MiB",
      bound: 64,
      details: { files, rounds },
    },
    {
      name: `${clients} clients disconnect in the middle of a call, until nothing is left of them: the longest`,
      value: Math.round(longest),
      unit: "ms",
      bound: 1_000,
      details: { rounds, gone, load },
    },
  ]);
}

async function refuseBombs(mesh: TestMesh) {
  const made = await Promise.all(bombs.map(async ({ make, reason }) => ({ bytes: await make(), reason })));
  const files = made.filter(({ bytes }) => bytes.length < mib);
  const operation = { $case: "prescale" as const, value: { maxSidePx: 64, maxPixels: 0 } };
  const refuse = async ({ bytes, reason }: (typeof files)[number]): Promise<number> => {
    const startMs = performance.now();
    const refusal = await mesh.client.jobs
      .create({ pipeline: { steps: [{ id: "small", operation }] }, pictures: [{ bytes }] })
      .catch((error: AppError) => error);
    if (!("reason" in refusal) || refusal.reason !== reason) throw new Error(`Expected ${reason}`);
    return performance.now() - startMs;
  };
  for (const file of files) await refuse(file);
  const ingest = mesh.processes().find(({ name }) => name === "ingest")?.pid as number;
  const before = resetPeakMemory(ingest);
  const refusedMs: number[] = [];
  for (const file of files) {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await refuse(file));
    refusedMs.push(spread(times, 1).median);
  }
  return { refusedMs, grownMib: readPeakMemory(ingest) - before, files: files.length };
}

async function loseClients(mesh: TestMesh): Promise<ReadonlyMap<string, number[]>> {
  const large = await noise(3_600, 2_400);
  const medium = await noise(1_600, 1_200);
  const operation = { $case: "prescale" as const, value: { maxSidePx: 4_000, maxPixels: 0 } };
  const job = await mesh.client.jobs.create({
    pipeline: {
      steps: [{ id: "same", operation }],
      outputs: [{ name: "result", step: "same", encoding: { format: ImageFormat.PNG } }],
    },
    pictures: [{ bytes: large }],
  });
  await mesh.client.jobs.wait(job.id);
  const slots = async () => (await mesh.client.cluster()).slots.length;
  const goneMs = new Map<string, number[]>();
  const until = async (call: string, cutMs: number, isGone: () => boolean | Promise<boolean>) => {
    while (!(await isGone())) await sleep(pollEveryMs);
    goneMs.set(call, [...(goneMs.get(call) ?? []), performance.now() - cutMs]);
  };
  for (let round = 0; round < rounds; round++) {
    let begun = 0;
    const files = countOpenFiles(mesh).ingest ?? 0;
    const jobs = await vanish(
      mesh,
      "ingest",
      (connection, isCut) => connection.client(JobServiceDefinition).createJob(halfAJob(medium, isCut, () => begun++)),
      () => begun === clients && (countOpenFiles(mesh).ingest ?? 0) >= files + clients,
    );
    // A job that was never created leaves only its connection.
    await until("CreateJob", jobs, () => (countOpenFiles(mesh).ingest ?? 0) <= files);
    const uploads = await vanish(
      mesh,
      "storage",
      (connection, isCut) => connection.client(StorageServiceDefinition).putBlob(halfABlob(medium, isCut)),
      () => countTemps(mesh) === clients,
    );
    await until("PutBlob", uploads, () => countTemps(mesh) === 0);
    const downloads = await vanish(
      mesh,
      "ingest",
      async (connection, isCut) => {
        const stream = connection.client(JobServiceDefinition).downloadOutput({ jobId: job.id, output: "result" });
        for await (const _ of stream) await isCut;
      },
      () => countBlobsOpen(mesh) === clients,
    );
    await until("DownloadOutput", downloads, () => countBlobsOpen(mesh) === 0);
    const runs = await vanish(
      mesh,
      "effects",
      (connection) => Array.fromAsync(connection.client(EffectsServiceDefinition).applyEffects(slowEffects(medium))),
      async () => (await slots()) > 0,
    );
    await until("ApplyEffects", runs, async () => (await slots()) === 0);
  }
  return goneMs;
}

function noise(width: number, height: number): Promise<Buffer> {
  const gaussian = { type: "gaussian" as const, mean: 128, sigma: 60 };
  return sharp({ create: { width, height, channels: 3, background: "#888", noise: gaussian } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}
