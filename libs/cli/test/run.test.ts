import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import type { toStatsJson } from "@pixelmesh/json-views";
import { type Mesh, startMesh } from "@pixelmesh/local-mesh";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { runCli } from "../src/program.ts";
import type { RunDocument as Document } from "../src/run/document.ts";
import { startCli, writePicture } from "./start-cli.ts";

let mesh: Mesh;
const root = mkdtempSync(join(tmpdir(), "pixelmesh-cli-"));

beforeAll(async () => {
  mesh = await startMesh({
    dataDir: join(root, "mesh"),
    ports: "free",
    env: process.env,
    services: ["ingest", "scheduler", "storage", "effects"],
  });
});

afterAll(async () => {
  await mesh.stop(5_000);
  rmSync(root, { recursive: true, force: true });
});

const run = (...args: string[]) => startCli([...args, "--address", mesh.address]).done;

function createFolder(): string {
  const folder = mkdtempSync(join(root, "test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Work for many seconds on a picture of some megapixels, for a job that is cancelled. */
const slowEffects = Array.from({ length: 14 }, () => ["--effect", "dither:method=jarvis,mode=color"]).flat();

const decode = async (path: string) => (await decodePicture(readFileSync(path), defaultLimits)).frame;

test("a bad picture does not stop the others, and the document holds the result of each", async () => {
  const folder = createFolder();
  const good = await writePicture(join(folder, "good.png"));
  const other = await writePicture(join(folder, "other.png"), 64, 64, 1);
  const bad = join(folder, "bad.png");
  writeFileSync(bad, "this is no picture");
  const missing = join(folder, "missing.png");
  const outDir = join(folder, "out");
  const { exitCode, out, err } = await run(
    ...["run", good, bad, missing, other, "--max-side", "40", "--variant", "bw=black_and_white"],
    ...["--effect", "dither:levels=2,method=bayer4", "--format", "png", "--out-dir", outDir, "--json"],
  );
  expect(exitCode).toBe(1);
  const { jobs, wallMs } = JSON.parse(out) as Document;
  expect(wallMs).toBeGreaterThan(0);
  expect(jobs.map(({ state, error }) => [state, error?.reason])).toEqual([
    ["SUCCEEDED", undefined],
    ["FAILED", "IMAGE_TYPE_UNSUPPORTED"],
    ["FAILED", "INVALID_ARGUMENT"],
    ["SUCCEEDED", undefined],
  ]);
  expect(err).toContain(`${bad}: IMAGE_TYPE_UNSUPPORTED: Expected one of JPEG`);
  expect(err).toContain(`${missing}: INVALID_ARGUMENT: Expected a file that can be used, got ENOENT`);

  expect(jobs[0]!.source).toEqual({ path: good, width: 120, height: 80 });
  expect(jobs[0]!.steps.map(({ id, operation }) => [id, operation])).toEqual([
    ["prescale", "prescale"],
    ["effects", "apply_effects"],
    ["variant_bw", "apply_effects"],
  ]);
  expect(readdirSync(outDir).sort()).toEqual(["good.bw.png", "good.result.png", "other.bw.png", "other.result.png"]);
  for (const { path, width, height, bytes, sha256, format } of jobs.flatMap(({ outputs }) => outputs)) {
    const file = readFileSync(path);
    expect([format, file.length, createHash("sha256").update(file).digest("hex")]).toEqual(["png", bytes, sha256]);
    const frame = await decode(path);
    expect([frame.widthPx, frame.heightPx]).toEqual([width, height]);
    expect(Math.max(width, height)).toBe(40);
  }
  const dithered = await decode(join(outDir, "good.result.png"));
  expect(new Set(dithered.data.filter((_, i) => dithered.channels !== 4 || i % 4 !== 3))).toEqual(new Set([0, 255]));
});

test("repeated work comes from the result cache; with --no-cache or --refresh it runs again", async () => {
  const folder = createFolder();
  const picture = await writePicture(join(folder, "a.png"), 90, 70, 2);
  const again = async (...more: string[]) => {
    const { out } = await run("run", picture, "--effect", "pop_art", "--out-dir", folder, "--json", ...more);
    const job = (JSON.parse(out) as Document).jobs[0]!;
    return { cached: job.steps[0]!.cached, savedMs: job.steps[0]!.savedMs, sha256: job.outputs[0]!.sha256 };
  };
  const first = await again();
  const second = await again();
  const third = await again("--no-cache");
  const fourth = await again("--refresh");
  const fifth = await again();
  const all = [first, second, third, fourth, fifth];
  expect(all.map(({ cached }) => cached)).toEqual([false, true, false, false, true]);
  expect(second.savedMs).toBeGreaterThan(0);
  expect(new Set(all.map(({ sha256 }) => sha256)).size).toBe(1);
  const { exitCode, err } = await run("run", picture, "--effect", "pop_art", "--no-cache", "--refresh");
  expect([exitCode, err]).toEqual([2, expect.stringContaining("Expected either `--no-cache`")]);
});

test("no input is ever overwritten", async () => {
  const folder = createFolder();
  const a = await writePicture(join(folder, "a.png"));
  const trap = await writePicture(join(folder, "a.result.png"), 50, 50, 3);
  const before = readFileSync(trap);
  const { exitCode, out } = await run("run", a, trap, "--format", "png", "--out-dir", folder);
  expect(exitCode).toBe(0);
  expect(readFileSync(trap).equals(before)).toBe(true);
  expect(out).toContain(`${join(folder, "a-2.result.png")}  120x80 png`);
  expect(existsSync(join(folder, "a.result.result.png"))).toBe(true);

  const { exitCode: refused, err } = await run("run", a, "-o", join(folder, ".", "a.png"));
  expect(refused).toBe(2);
  expect(err).toContain("Expected `-o` to be no input");
});

test("a refusal of the mesh is printed with its reason and the known names", async () => {
  const picture = await writePicture(join(createFolder(), "a.png"));
  const unknown = await run("run", picture, "--effect", "swirl");
  expect(unknown.exitCode).toBe(1);
  expect(unknown.err).toMatch(/a\.png: UNKNOWN_EFFECT: .*swirl.*black_and_white.*dither/);
  const range = await run("run", picture, "--effect", "dither:levels=99");
  expect(range.err).toMatch(/INVALID_ARGUMENT: .*levels.* an integer from 2 to 16, got `99`/);
  const type = await run("run", picture, "--effect", "dither:levels=many");
  expect(type.err).toMatch(/INVALID_ARGUMENT: .*levels.* an integer from 2 to 16, got `many`/);
});

test("Ctrl-C cancels the job and exits with 130", async () => {
  const folder = createFolder();
  const picture = await writePicture(join(folder, "large.png"), 4_000, 3_000);
  const args = [
    "run",
    picture,
    "--effect",
    "dither:method=jarvis,mode=color",
    "--out-dir",
    folder,
    "--json",
    "--no-cache",
  ];
  const running = startCli([...args, "--address", mesh.address], (text) => text.includes("%") && running.stop.abort());
  const { exitCode, out } = await running.done;
  expect(exitCode).toBe(130);
  expect((JSON.parse(out) as Document).jobs[0]).toMatchObject({ state: "CANCELLED", error: { reason: "CANCELLED" } });
  expect(readdirSync(folder)).toEqual(["large.png"]);
});

test("jobs are listed, shown, watched and cancelled, and the cluster is shown", async () => {
  const folder = createFolder();
  const picture = await writePicture(join(folder, "a.png"), 60, 60, 4);
  const { out } = await run("run", picture, "--effect", "dither", "-o", join(folder, "x.webp"), "--json");
  const { id } = (JSON.parse(out) as Document).jobs[0]!;
  expect((await run("jobs", "list", "--limit", "1")).out).toMatch(new RegExp(`^ID .*\n${id} +succeeded`));
  expect((await run("jobs", "list", "--state", "running")).out.trim().split("\n")).toHaveLength(1);
  expect(JSON.parse((await run("jobs", "get", id!, "--json")).out)).toMatchObject({
    id,
    state: "SUCCEEDED",
    steps: [{ operation: "apply_effects", state: "SUCCEEDED" }],
    outputs: [{ name: "result", format: "webp", widthPx: 60 }],
  });
  expect((await run("jobs", "get", id!)).out).toContain("result  60x60 webp");
  expect(await run("jobs", "watch", id!)).toMatchObject({ exitCode: 0, out: expect.stringContaining("succeeded") });
  expect((await run("jobs", "cancel", id!)).out).toContain("succeeded");
  expect(await run("jobs", "get", "nothing")).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining("JOB_NOT_FOUND"),
  });

  const { services, devices } = JSON.parse((await run("status", "--json")).out);
  expect(services.map(({ service }: { service: string }) => service).sort()).toEqual([
    "effects",
    "ingest",
    "scheduler",
    "storage",
  ]);
  for (const { name, pid, metrics } of mesh.processes())
    expect(services).toContainEqual(expect.objectContaining({ service: name, pid, metricsUrl: metrics }));
  expect(devices[0]).toMatchObject({ kind: "host_memory", fresh: true });
  expect((await run("status")).out).toContain("host_memory");
});

test("statistics are printed as tables and as one document", async () => {
  const folder = createFolder();
  const seed = Math.floor(Math.random() * 2 ** 20);
  const picture = await writePicture(join(folder, "a.png"), 66, 60, seed);
  type Stats = ReturnType<typeof toStatsJson>;
  const read = async () => JSON.parse((await run("stats", "--json")).out) as Stats;
  const before = await read();
  const effects = ["--effect", "dither", "--format", "png", "--out-dir", folder];
  expect((await run("run", picture, ...effects)).exitCode).toBe(0);
  expect((await run("run", picture, ...effects)).exitCode).toBe(0);
  await expect.poll(async () => (await read()).jobs.succeeded).toBe((before.jobs.succeeded ?? 0) + 2);
  const after = await read();
  expect(after.requests?.cached).toBe((before.requests?.cached ?? 0) + 1);
  expect(after.hitRate).toBeGreaterThan(0);
  expect(after.missing).toEqual([]);
  expect(after.operations.apply_effects?.latency?.p99Ms).toBeGreaterThan(0);
  expect(after.storage?.blobs).toBeGreaterThan(0);
  expect(after.cache?.resultEntries).toBeGreaterThan(0);
  const { out, exitCode } = await run("stats");
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^apply_effects +\d+ +\d+/m);
  expect(out).toMatch(/^hit rate +\d+\.\d %/m);
});

test("top shows a running job on a terminal until Ctrl-C, and restores the terminal", async () => {
  const folder = createFolder();
  const picture = await writePicture(join(folder, "large.png"), 3_000, 2_000, Math.floor(Math.random() * 2 ** 20));
  const job = startCli(["run", picture, ...slowEffects, "--out-dir", folder, "--address", mesh.address]);
  const stop = new AbortController();
  let screen = "";
  const top = runCli(["top", "--interval", "1", "--address", mesh.address], {
    env: {},
    stdout: {
      isTTY: true,
      columns: 100,
      rows: 30,
      write(text: string) {
        screen += text;
        if (/JOB +PROGRESS/.test(text)) stop.abort();
      },
    },
    stderr: { write: () => {} },
    stopping: stop.signal,
    forced: new AbortController().signal,
  });
  expect(await top).toBe(0);
  job.stop.abort();
  await job.done;
  expect(screen.startsWith("\x1b[?1049h\x1b[?25l")).toBe(true);
  expect(screen.endsWith("\x1b[?25h\x1b[?1049l")).toBe(true);
  const frame = screen.slice(screen.lastIndexOf("\x1b[H")).split("\r\n");
  expect(frame.length).toBeLessThanOrEqual(30);
  expect(frame.join("\n")).toMatch(/^[0-9a-z-]{20,} +[#.]{16} +\d+ %/m);

  const once = await run("top");
  expect(once.exitCode).toBe(0);
  expect(once.out).toMatch(/^DEVICE +ZONE +MEMORY/m);
  expect(once.out).not.toContain("\x1b");
});

test("a flag overrides PIXELMESH_ADDRESS, and a variable that holds no address is a usage error", async () => {
  const status = ["status", "--json"];
  const env = { PIXELMESH_ADDRESS: "127.0.0.1:1" };
  expect((await startCli([...status, "--address", mesh.address], undefined, env).done).exitCode).toBe(0);
  expect((await startCli(status, undefined, { PIXELMESH_ADDRESS: mesh.address }).done).exitCode).toBe(0);
  expect((await startCli(status, undefined, env).done).exitCode).toBe(1);
  const wrong = await startCli(status, undefined, { PIXELMESH_ADDRESS: "nowhere" }).done;
  expect(wrong).toMatchObject({ exitCode: 2, err: expect.stringContaining("PIXELMESH_ADDRESS") });
});
