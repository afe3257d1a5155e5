import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectPixelmesh, JobState, reasonFromEnum } from "@pixelmesh/client";
import { type Mesh, parentWatch, serviceCommand, startMesh } from "@pixelmesh/local-mesh";
import type { RoleName } from "@pixelmesh/roles";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

const pixelmesh = fileURLToPath(new URL("../../bin/pixelmesh", import.meta.url));
const shiftClock = new URL("../support/shift-clock.ts", import.meta.url).href;
const services: readonly RoleName[] = ["ingest", "scheduler", "storage", "effects"];
const minuteMs = 60_000;

/** Starts a mesh in which some services have a clock that is wrong by `shiftMs`. */
async function startSkewedMesh(skewed: readonly RoleName[], shiftMs: number) {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-skew-"));
  const mesh = await startMesh({
    dataDir,
    services,
    ports: "free",
    env: { ...process.env, SHIFT_CLOCK_MS: String(shiftMs), PIXELMESH_STOP_GRACE: "2s" },
    command(name) {
      const [node, ...args] = serviceCommand(name, process.execPath, { preload: parentWatch });
      return skewed.includes(name) ? [node, "--import", shiftClock, ...args] : [node, ...args];
    },
  });
  const close = async () => {
    await mesh.stop(5_000);
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  return { mesh, close };
}

async function runCommand(shiftMs: number, ...args: string[]) {
  const env = { ...process.env, NODE_OPTIONS: `--import=${shiftClock}`, SHIFT_CLOCK_MS: String(shiftMs) };
  const child = spawn(pixelmesh, args, { env });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (texts.out += chunk));
  child.stderr.on("data", (chunk) => (texts.err += chunk));
  const [code] = await once(child, "close");
  return { code, ...texts };
}

describe("a caller whose clock is wrong", () => {
  let mesh: Mesh;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ mesh, close } = await startSkewedMesh([], 0));
  });
  afterAll(() => close?.());

  test.each([
    ["35 s behind", -35_000],
    ["16 min ahead", 16 * minuteMs],
    ["16 min behind", -16 * minuteMs],
    ["3 days behind", -3 * 24 * 60 * minuteMs],
    ["a year ahead", 365 * 24 * 60 * minuteMs],
  ])("by %s can use status, run and jobs", async (_by, shiftMs) => {
    const dir = mkdtempSync(join(tmpdir(), "pixelmesh-skew-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const picture = join(dir, "robot.jpg");
    writeFileSync(picture, robot);
    const at = ["--address", mesh.address];

    const status = await runCommand(shiftMs, "status", ...at);
    expect(status, status.err).toMatchObject({ code: 0 });
    // The uptime of services follows the mesh's clock.
    expect(status.out).toMatch(/^ingest .* {2}(?!0 ms)(\d+ ms|[\d.]+ s|\d min \d+ s) *$/m);
    const run = await runCommand(shiftMs, "run", picture, "--effect", "pop_art", "--no-cache", "--out-dir", dir, ...at);
    expect(run, run.err).toMatchObject({ code: 0 });
    expect(readdirSync(dir)).toHaveLength(2);
    expect(await runCommand(shiftMs, "jobs", "list", ...at)).toMatchObject({ code: 0 });
  });
});

test.each([
  ["ahead", 16 * minuteMs],
  ["behind", -16 * minuteMs],
])("workers and a scheduler whose clocks are 16 min %s run jobs and keep deadlines", async (_by, shiftMs) => {
  const { mesh, close } = await startSkewedMesh(["scheduler", "effects"], shiftMs);
  onTestFinished(close);
  const client = connectPixelmesh({ address: mesh.address });
  onTestFinished(client.close);
  const create = (steps: number, deadlineMs: number) =>
    client.jobs.create({
      pipeline: { steps: Array.from({ length: steps }, (_, at) => effectStep(`e${at}`, "pop_art")) },
      pictures: [{ bytes: robot }],
      noCache: true,
      deadline: new Date(Date.now() + deadlineMs),
    });
  const done = await client.jobs.wait((await create(1, 2 * minuteMs)).id);
  expect(done.error?.message).toBeUndefined();
  expect(done.state).toBe(JobState.SUCCEEDED);
  const late = await client.jobs.wait((await create(16, 50)).id);
  expect(late.state).toBe(JobState.FAILED);
  expect(late.error && reasonFromEnum(late.error.reason)).toBe("DEADLINE_EXCEEDED");
});
