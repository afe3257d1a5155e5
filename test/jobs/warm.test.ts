import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Bus } from "@pixelmesh/bus";
import { connectPixelmesh, JobState } from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus, countRuns } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

let root: string;
let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "pixelmesh-warm-"));
  mkdirSync(join(root, "cold"));
  const env = { PIXELMESH_STORAGE_COLD: `file://${join(root, "cold")}`, PIXELMESH_STORAGE_MIN_FREE: "0B" };
  mesh = await startTestMesh({ env, services: ["ingest", "scheduler", "storage", "effects"] });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const pipelineOf = (contrast: number) => ({ steps: [effectStep("fx", "black_and_white", { contrast })] });

async function run(contrast: number, bytes: Uint8Array = robot) {
  const { id } = await mesh.client.jobs.create({ pipeline: pipelineOf(contrast), pictures: [{ bytes }] });
  const job = await mesh.client.jobs.wait(id);
  expect(job.state).toBe(JobState.SUCCEEDED);
  return job;
}

async function hotBlobs(): Promise<number> {
  return (await mesh.client.stats()).storage?.tiers.find(({ tier }) => tier === "hot")?.blobs ?? 0;
}

test("warming copies a stored output to memory, once, and says so; a dry run copies nothing", async () => {
  const job = await run(1.1);
  const asked = { pipeline: pipelineOf(1.1), pictures: [{ sha256: digestOf(robot) }] };
  const before = await hotBlobs();
  const dry = await mesh.client.jobs.warm({ ...asked, dryRun: true });
  expect(dry).toMatchObject({ complete: true, steps: [{ stepId: "fx", stored: true }], missing: [] });
  expect(dry.outputs).toMatchObject([{ sha256: job.outputs[0]?.sha256, copies: [] }]);
  expect(await hotBlobs()).toBe(before);

  const first = await mesh.client.jobs.warm(asked);
  expect(first.outputs).toMatchObject([{ copies: [{ tier: "hot", moved: true }] }]);
  expect(await hotBlobs()).toBe(before + 1);
  const second = await mesh.client.jobs.warm(asked);
  expect(second.outputs).toMatchObject([{ copies: [{ tier: "hot", moved: false }] }]);
});

test("a missing result, a step behind it, and a picture of another tenant are told apart without creating a job", async () => {
  await run(1.2);
  const runs = await countRuns(bus, "effects");
  const second = effectStep("then", "pop_art", {}, "fx");
  const chain = { steps: [...pipelineOf(1.9).steps, second] };
  const warmed = await mesh.client.jobs.warm({ pipeline: chain, pictures: [{ sha256: digestOf(robot) }] });
  expect(warmed).toMatchObject({
    complete: false,
    outputs: [],
    steps: [
      { stepId: "fx", stored: false },
      { stepId: "then", stored: false },
    ],
  });
  const asked = { pipeline: pipelineOf(1.2), pictures: [{ sha256: digestOf(robot) }] };
  const other = connectPixelmesh({ address: mesh.address, tenant: "another" });
  onTestFinished(() => other.close());
  const unknown = { reason: "BLOB_NOT_FOUND", message: expect.stringContaining("is known") };
  await expect(other.jobs.warm(asked)).rejects.toMatchObject(unknown);
  await expect(other.jobs.warm({ ...asked, pictures: [{ sha256: "0".repeat(64) }] })).rejects.toMatchObject(unknown);
  for (const wrong of [{ noCache: true }, { refresh: true }, { pictures: [] }, { pictures: [{ sha256: "x" }] }])
    await expect(mesh.client.jobs.warm({ ...asked, ...wrong })).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  expect(await countRuns(bus, "effects")).toBe(runs);
});

type Printed = { readonly exitCode: number; readonly out: string; readonly err: string };

function cli(...args: string[]): Promise<Printed> {
  const file = fileURLToPath(new URL("../../bin/pixelmesh", import.meta.url));
  return new Promise((resolve) => {
    execFile(file, [...args, "--address", mesh.address], (error, out, err) =>
      resolve({ exitCode: typeof error?.code === "number" ? error.code : 0, out, err }),
    );
  });
}

async function warm(...args: string[]) {
  const { out, err, exitCode } = await cli("cache", "warm", ...args, "--json");
  const document = JSON.parse(out) as {
    pictures: {
      path: string;
      state: string;
      computedSteps: string[];
      outputs: { tiers: string[] }[];
      error: unknown;
    }[];
    counts: Record<string, number>;
  };
  return { ...document, err, exitCode, states: document.pictures.map(({ state }) => state) };
}

test("`cache warm` computes what is missing, promotes what is stored, and a later run takes all of it from the cache", async () => {
  const dir = join(root, "pictures");
  mkdirSync(dir);
  for (const at of [1, 2, 3]) {
    const bytes = await sharp(robot)
      .resize(100 + at)
      .png()
      .toBuffer();
    writeFileSync(join(dir, `${at}.png`), bytes);
  }
  const flags = [dir, "--effect", "pop_art", "--format", "png"];
  expect(await warm(...flags, "--dry-run")).toMatchObject({ exitCode: 0, states: ["missing", "missing", "missing"] });
  const out = join(root, "out");
  expect(await cli("run", join(dir, "1.png"), ...flags.slice(1), "--out-dir", out)).toMatchObject({ exitCode: 0 });
  expect(await warm(...flags, "--dry-run")).toMatchObject({ states: ["stored", "missing", "missing"] });
  const runs = await countRuns(bus, "effects");
  const made = await warm(...flags);
  expect(made).toMatchObject({ exitCode: 0, states: ["promoted", "computed", "computed"] });
  for (const { outputs } of made.pictures) expect(outputs).toMatchObject([{ tiers: ["hot"] }]);
  await expect.poll(() => countRuns(bus, "effects")).toBe(runs + 2);
  expect(await warm(...flags)).toMatchObject({ states: ["there", "there", "there"], counts: { there: 3, failed: 0 } });

  expect(await warm(...flags, "--refresh")).toMatchObject({
    exitCode: 0,
    states: ["computed", "computed", "computed"],
  });
  expect(await cli("cache", "warm", ...flags, "--refresh", "--dry-run")).toMatchObject({ exitCode: 2 });
  await expect.poll(() => countRuns(bus, "effects")).toBe(runs + 5);

  const later = await cli("run", ...flags, "--out-dir", out, "--json");
  const { jobs } = JSON.parse(later.out) as { jobs: { steps: { cached: boolean }[] }[] };
  expect(jobs.flatMap(({ steps }) => steps.map(({ cached }) => cached))).toEqual([true, true, true]);
  expect(await countRuns(bus, "effects")).toBe(runs + 5);
});

test("a picture that cannot be read, and one that is broken, fail alone", async () => {
  const dir = join(root, "mixed");
  mkdirSync(dir);
  writeFileSync(join(dir, "good.png"), await sharp(robot).resize(90).png().toBuffer());
  writeFileSync(join(dir, "bad.png"), "no picture");
  const result = await warm(join(dir, "good.png"), join(dir, "bad.png"), join(dir, "none.png"), "--effect", "pop_art");
  expect(result).toMatchObject({ exitCode: 1, states: ["computed", "failed", "failed"] });
  expect(result.err).toContain("bad.png: IMAGE_");
  const refused = await cli("cache", "warm", join(dir, "good.png"), "--effect", "pop_art", "--no-cache");
  expect(refused).toMatchObject({ exitCode: 2, err: expect.stringContaining("--no-cache") });
});

test("`cache` shows sizes and tiers", async () => {
  const shown = await cli("cache");
  expect(shown).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^hot +\d+ .* of 64\.?0? MiB/m) });
  const { tiers } = JSON.parse((await cli("cache", "--json")).out) as { tiers: { tier: string; blobs: number }[] };
  expect(tiers.map(({ tier }) => tier)).toEqual(["hot", "warm", "cold"]);
  expect(tiers[0]?.blobs).toBe(await hotBlobs());
});
