import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bus } from "@pixelmesh/bus";
import { CallbackState, connectPixelmesh, JobState, type Pixelmesh } from "@pixelmesh/client";
import { parentWatch, serviceCommand, startMesh } from "@pixelmesh/local-mesh";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus, keysLeft, startHttpReceiver } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { expect, onTestFinished, test } from "vitest";
import { directorySize } from "../support/directory-sizes.ts";

const dayMs = 24 * 3_600_000;
/** From these days on all ages have passed once: 7 days of records and 8 of blobs, 30 of dead letters. */
const flatFrom = { records: 9, deadLetters: 31 };
const weekDays = 7;
/** Starts and ends of the 16 steps of a day that no replica took directly, with repetitions: how many there are depends on the speed of the machine. */
const mostEventsOfDay = 64;
const jumpClock = new URL("../support/jump-clock.ts", import.meta.url).href;

/** Starts a mesh whose clock the test moves. `shared`: storage has a shared store. */
async function startJumpingMesh(shared: boolean) {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-retention-"));
  const clockFile = join(root, "clock.json");
  const receiver = await startHttpReceiver((_, response) => response.end());
  const secretsFile = join(root, "secrets");
  writeFileSync(secretsFile, `whsec_${Buffer.from("a".repeat(32)).toString("base64")}\n`);
  const coldDir = join(root, "cold");
  mkdirSync(coldDir);
  const mesh = await startMesh({
    dataDir: join(root, "mesh"),
    services: ["ingest", "scheduler", "storage", "effects"],
    ports: "free",
    env: {
      ...process.env,
      JUMP_CLOCK_FILE: clockFile,
      PIXELMESH_STOP_GRACE: "2s",
      PIXELMESH_STORAGE_SWEEP_EVERY: "100ms",
      PIXELMESH_INGEST_CALLBACK_PRIVATE_HOSTS: receiver.host,
      PIXELMESH_INGEST_CALLBACK_HTTP: "true",
      PIXELMESH_INGEST_CALLBACK_SECRETS_FILE: secretsFile,
      ...(shared ? { PIXELMESH_STORAGE_COLD: `file://${coldDir}` } : {}),
    },
    command(name) {
      const [node, ...args] = serviceCommand(name, process.execPath, { preload: parentWatch });
      return [node, "--import", jumpClock, ...args];
    },
  });
  const client = connectPixelmesh({ address: mesh.address });
  const bus = await connectTestBus(mesh.broker().url);
  onTestFinished(async () => {
    client.close();
    await bus[Symbol.asyncDispose]();
    await mesh.stop(5_000);
    await receiver[Symbol.asyncDispose]();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });
  const jumps: [number, number][] = [];
  /** Resolves when every process has jumped: a call whose deadline was set before would be over. */
  const jump = async (aheadMs: number) => {
    jumps.push([Date.now(), aheadMs]);
    writeFileSync(`${clockFile}.new`, JSON.stringify(jumps));
    renameSync(`${clockFile}.new`, clockFile);
    const hasJumped = (pid: number) => {
      const path = `${clockFile}.${pid}`;
      return existsSync(path) && readFileSync(path, "utf8") === String(aheadMs);
    };
    await expect.poll(() => mesh.processes().every(({ pid }) => hasJumped(pid))).toBe(true);
  };
  const warmDir = join(root, "mesh", "blobs");
  return {
    client,
    bus,
    receiver,
    jump,
    warmDir,
    coldDir,
    blobDir: shared ? coldDir : warmDir,
    dataDir: join(root, "mesh"),
  };
}

type JumpingMesh = Awaited<ReturnType<typeof startJumpingMesh>>;

/** A picture that differs from day to day. Those of a week are about as large as those of another. */
const toPng = (widthPx: number, day: number) =>
  sharp(robot)
    .resize(widthPx)
    .modulate({ hue: 50 * (day % weekDays), brightness: 1 + Math.floor(day / weekDays) / 100 })
    .png()
    .toBuffer();
const chainOf = (contrast: number) => ({
  steps: [effectStep("first", "black_and_white", { contrast }), effectStep("then", "pop_art", {}, "first")],
});

/** One day of work: jobs with request ids and callbacks, one that repeats each day, a batch, an upload without a job, dead letters. Returns the digests of its outputs. */
async function workOneDay({ client, bus, receiver }: JumpingMesh, day: number): Promise<string[]> {
  const picture = await toPng(100, day);
  const created = await Promise.all(
    Array.from({ length: 4 }, (_, at) =>
      client.jobs.create({
        pipeline: chainOf(1 + day / 1_000 + at / 10_000),
        pictures: [{ bytes: picture }],
        requestId: `day-${day}-${at}`,
        ...(at < 2 ? { callbackUrl: receiver.url("/hook") } : {}),
      }),
    ),
  );
  const popular = await client.jobs.create({ pipeline: chainOf(1.5), pictures: [{ bytes: robot }] });
  const batch = await client.batches.create({
    pipeline: chainOf(1.2),
    pictures: await Promise.all([1, 2, 3].map(async (at) => ({ bytes: await toPng(200 + at, day) }))),
  });
  await client.batches.upload(await toPng(400, day));
  for (const at of [1, 2]) bus.nc.publish(`cancel.day${day}-${at}`, Buffer.from(`no message ${day} ${at}`.repeat(50)));

  const ended = await Promise.all([...created, popular].map(({ id }) => client.jobs.wait(id)));
  expect(ended.map(({ state }) => state)).toEqual(ended.map(() => JobState.SUCCEEDED));
  expect(await client.batches.wait(batch.id)).toMatchObject({ jobsSucceeded: 3 });
  await expectCallbacks(
    client,
    created.slice(0, 2).map(({ id }) => id),
  );
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  // Acknowledged work is removed a moment after its job has ended.
  const waiting = async () =>
    (await readStreams(bus)).filter(({ name, messages }) => name.startsWith("WORK_") && messages > 0);
  await expect.poll(waiting, { timeout: 60_000 }).toEqual([]);
  return ended.slice(0, -1).flatMap(({ outputs }) => outputs.map(({ sha256 }) => sha256));
}

async function expectCallbacks({ jobs }: Pixelmesh, ids: readonly string[]): Promise<void> {
  const delivered = async () => {
    const made = new Set<string>();
    for await (const { jobId, state } of jobs.callbacks()) if (state === CallbackState.DELIVERED) made.add(jobId);
    return ids.filter((id) => !made.has(id));
  };
  await expect.poll(delivered, { timeout: 60_000 }).toEqual([]);
}

/** Ingest's index of jobs is a file whose pages are used again. It is pruned every 5 s, in which several days pass here. */
const indexSpareBytes = 64 * 1024;
const jobsOfDay = 8;

type StreamInfo = {
  readonly name: string;
  readonly ageMs: number;
  readonly lastSeq: number;
  readonly bytes: number;
  readonly messages: number;
};

async function readStreams({ jsm }: Bus): Promise<StreamInfo[]> {
  const streams: StreamInfo[] = [];
  for await (const { config, state } of jsm.streams.list()) {
    const ageMs = (config.max_age ?? 0) / 1e6;
    streams.push({ name: config.name, ageMs, lastSeq: state.last_seq, bytes: state.bytes, messages: state.messages });
  }
  return streams;
}

/** Ages that the broker enforces by its own clock, which does not jump: leases and replicas, which are renewed every few seconds. */
const shortAgeMs = 60_000;

/** Removes from each stream what is older than its age, as the broker does whose clock has come so far. `history`: the streams at the end of each day. */
async function expire({ jsm }: Bus, history: readonly (readonly StreamInfo[])[]): Promise<void> {
  for (const { name, ageMs } of history.at(-1) ?? []) {
    if (ageMs <= shortAgeMs) continue;
    const lastDay = history.at(-Math.max(1, Math.ceil(ageMs / dayMs)));
    const seq = lastDay?.find((stream) => stream.name === name)?.lastSeq ?? 0;
    if (seq > 0) await jsm.streams.purge(name, { seq: seq + 1 });
  }
}

type Sizes = ReadonlyMap<string, number>;

async function readSizes({ bus, warmDir, coldDir, dataDir }: JumpingMesh): Promise<Sizes> {
  const sizes = new Map<string, number>();
  for (const { name, bytes, messages } of await readStreams(bus)) {
    sizes.set(`${name} bytes`, bytes);
    sizes.set(`${name} messages`, messages);
  }
  const directories = { warm: warmDir, cold: coldDir, scratch: join(dataDir, "scratch") };
  for (const [name, path] of Object.entries(directories)) {
    const { files, bytes } = directorySize(path);
    sizes.set(`${name} files`, files);
    sizes.set(`${name} bytes`, bytes);
  }
  for (const path of [warmDir, coldDir])
    for (const name of ["tmp", "quarantine"]) sizes.set(`${path} ${name} files`, directorySize(join(path, name)).files);
  return sizes;
}

const valuesOf = (week: readonly Sizes[], name: string) => week.map((sizes) => sizes.get(name) ?? 0);
/** A week has 7 days, so there is a middle one. */
const medianOf = (week: readonly Sizes[], name: string) =>
  valuesOf(week, name).sort((a, b) => a - b)[week.length >> 1] as number;

/**
 * Returns what was larger in the last week than in the first one after all ages had passed, by the medians of their days: a day may be measured before
 * a sweep.
 */
function findGrown(sizes: readonly Sizes[]) {
  const names = [...new Set(sizes.flatMap((each) => [...each.keys()]))].filter(
    (name) => !name.startsWith("JOB_EVENTS"),
  );
  return names.flatMap((name) => {
    const from = name.startsWith("DLQ") ? flatFrom.deadLetters : flatFrom.records;
    if (from + weekDays > sizes.length) return [];
    const [before, after] = [
      medianOf(sizes.slice(from, from + weekDays), name),
      medianOf(sizes.slice(-weekDays), name),
    ];
    // Encoded numbers and pictures differ a little from day to day.
    const spare = name === "scratch bytes" ? indexSpareBytes : name.endsWith("bytes") ? 8 * 1024 : 8;
    return after > 1.15 * before + spare ? [{ name, before, after, all: sizes.map((each) => each.get(name)) }] : [];
  });
}

test.each([
  [45, "one directory", false],
  // Dead letters end alike in both.
  [24, "a shared store", true],
])(
  "%i days of jobs in compressed time leave sizes that are flat once all ages have passed, with %s",
  { timeout: 900_000 },
  async (days, _name, shared) => {
    const mesh = await startJumpingMesh(shared);
    const { bus, jump, blobDir } = mesh;
    const outputs: string[][] = [];
    const sizes: Sizes[] = [];
    const history: (readonly StreamInfo[])[] = [];
    const isStored = (sha256: string) =>
      existsSync(join(blobDir, "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256));
    for (let day = 0; day < days; day++) {
      outputs.push(
        await workOneDay(mesh, day).catch((error: unknown) => {
          throw new Error(`Day ${day}`, { cause: error });
        }),
      );
      sizes.push(await readSizes(mesh));
      history.push(await readStreams(bus));
      await jump((day + 1) * dayMs);
      await expire(bus, history);
      // Nothing of a day is stored nine days later.
      const old = outputs[day - 9] ?? [];
      await expect.poll(() => old.filter(isStored), { timeout: 60_000 }).toEqual([]);
    }

    const letters = sizes.map((each) => each.get("DLQ messages"));
    // The days had work: every one added the same number of dead letters until the first were 30 days old.
    const kept = Math.min(30, days);
    expect(letters.slice(0, kept)).toEqual(Array.from({ length: kept }, (_, day) => 2 * (day + 1)));
    expect(sizes[5]?.get("KV_jobs messages")).toBeGreaterThan(2 * (sizes[0]?.get("KV_jobs messages") ?? 0));
    expect(findGrown(sizes)).toEqual([]);
    // Of the seven days that records are kept, the last one has no jobs yet.
    const listed = async () => (await Array.fromAsync(mesh.client.jobs.list({ pageSize: 200 }))).length;
    await expect.poll(listed, { timeout: 60_000 }).toBe((weekDays - 1) * jobsOfDay);
    expect(Math.max(...valuesOf(sizes, "JOB_EVENTS messages"))).toBeLessThanOrEqual(8 * mostEventsOfDay);
  },
);
