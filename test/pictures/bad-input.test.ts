import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AppError, isJobEnded, type Job, JobState, reasonFromEnum } from "@pixelmesh/client";
import { findTestData, startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, step } from "@pixelmesh/testing/jobs";
import { bombs } from "@pixelmesh/testing/pictures";
import { collectable, findGrown, readMemory, readPeakMemory, resetPeakMemory } from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, expect, test } from "vitest";

const data = findTestData();
const badDir = data && join(data, "bad");
const present = badDir !== undefined && existsSync(badDir);
if (!present) console.warn("SKIPPED: no odd and broken files to send as jobs");

const mib = 1024 * 1024;
/** Limit for one file, from its first byte to the end of its job. On a quiet machine the slowest takes half a second. */
const maxMs = 5_000;
/** Noise of each service in MiB, measured over six rounds of all files: 1 kept a round, 30 of varying anonymous memory. */
const noise = { kept: 12, anonymous: 160 };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({ env: collectable });
});
afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
});

const pipeline = {
  steps: [
    step("small", { $case: "prescale", value: { maxSidePx: 64, maxPixels: 0 } }),
    effectStep("fx", "black_and_white", {}, "small"),
  ],
};
/** The same picture, decoded by the effects service. */
const elsewhere = { steps: [effectStep("fx", "black_and_white")] };
type Outcome = {
  readonly ms: number;
  readonly job: Job | undefined;
  readonly reason: string;
  readonly message: string;
};

/** Sends a file as a job. Resolves with the ended job, and the reason of its failure or refusal. */
async function send(bytes: Uint8Array, of: typeof elsewhere): Promise<Outcome> {
  const startMs = performance.now();
  try {
    const created = await mesh.client.jobs.create({ pipeline: of, pictures: [{ bytes }], noCache: true });
    const job = isJobEnded(created) ? created : await mesh.client.jobs.wait(created.id);
    const { reason, message } = job.error ?? { message: "" };
    return { ms: performance.now() - startMs, job, reason: reason ? reasonFromEnum(reason) : "", message };
  } catch (error) {
    const { reason, message } = error as AppError;
    return { ms: performance.now() - startMs, job: undefined, reason, message };
  }
}

/** Sends files, two at a time. */
async function sendAll(names: readonly string[], of: typeof elsewhere): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const left = [...names];
  const next = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift())
      outcomes.set(name, await send(readFileSync(join(badDir ?? "", name)), of));
  };
  await Promise.all([next(), next()]);
  return outcomes;
}

const pidsNow = () => mesh.processes().map(({ pid }) => pid);

test.skipIf(!present)(
  "every odd or broken file gives a picture or an error with a reason in time, and leaves no memory",
  { timeout: 240_000 },
  async () => {
    const names = readdirSync(badDir ?? "", { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice((badDir ?? "").length + 1))
      .sort();
    expect(names.length).toBeGreaterThan(300);
    const pids = pidsNow();
    const outcomes = await sendAll(names, pipeline);
    for (const [name, { ms, job, reason, message }] of outcomes) {
      expect(ms, name).toBeLessThan(maxMs);
      if (job?.state === JobState.SUCCEEDED) {
        expect(job.outputs[0]?.ready, name).toBe(true);
        expect(Math.max(job.outputs[0]?.widthPx ?? 0, job.outputs[0]?.heightPx ?? 0), name).toBeLessThanOrEqual(64);
        continue;
      }
      expect(reason, `${name}: ${message}`).toMatch(/^IMAGE_/);
      expect(message.length, name).toBeGreaterThan(20);
    }
    const failed = names.filter((name) => outcomes.get(name)?.job?.state === JobState.FAILED);
    const made = names.filter((name) => outcomes.get(name)?.job?.state === JobState.SUCCEEDED);
    expect(made.length).toBeGreaterThan(150);
    // A fault that only decoding shows is found by another service too.
    expect(failed.length).toBeGreaterThan(0);
    for (const [name, { reason }] of await sendAll(failed, elsewhere))
      expect(reason, name).toBe(outcomes.get(name)?.reason);

    // After one round of all files, further rounds take no more memory.
    const before = await readMemory(mesh);
    await sendAll([...names.filter((_, at) => at % 4 === 0), ...failed], pipeline);
    await expect.poll(() => findGrown(mesh, before, noise), { timeout: 20_000, interval: 500 }).toEqual([]);
    expect(pidsNow()).toEqual(pids);
    expect(mesh.events().filter(({ kind }) => kind === "restarted")).toEqual([]);
  },
);

test("headers that claim too much are refused before any allocation, and cost ingest almost nothing", async () => {
  const { pid } = mesh.processes().find(({ name }) => name === "ingest") as { pid: number };
  const files = await Promise.all(bombs.map(async (bomb) => ({ ...bomb, bytes: await bomb.make() })));
  const small = files.filter(({ bytes }) => bytes.length < mib);
  expect(small.length).toBeGreaterThan(5);
  await send(small[0]?.bytes as Uint8Array, pipeline);
  const before = await readMemory(mesh);
  const startPeak = resetPeakMemory(pid);
  for (const { name, bytes, reason } of small) {
    const refused = await send(bytes, pipeline);
    expect(refused, name).toMatchObject({ job: undefined, reason });
    expect(refused.ms, name).toBeLessThan(maxMs);
  }
  expect(readPeakMemory(pid) - startPeak).toBeLessThan(64);
  // A file above the byte limit is held while it arrives, and freed afterwards.
  const { bytes, reason } = files.at(-1) as (typeof files)[number];
  expect(bytes.length).toBeGreaterThan(64 * mib);
  expect(await send(bytes, pipeline)).toMatchObject({ job: undefined, reason });
  await expect.poll(() => findGrown(mesh, before, noise), { timeout: 20_000, interval: 500 }).toEqual([]);
  expect(mesh.events().filter(({ kind }) => kind === "restarted")).toEqual([]);
});
