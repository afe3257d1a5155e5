import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Mesh, startMesh } from "@pixelmesh/local-mesh";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCli } from "./start-cli.ts";

let mesh: Mesh;
const root = mkdtempSync(join(tmpdir(), "pixelmesh-cli-"));
const photos = join(root, "photos");
const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));

beforeAll(async () => {
  mesh = await startMesh({
    dataDir: join(root, "mesh"),
    ports: "free",
    env: process.env,
    services: ["ingest", "scheduler", "storage", "background"],
  });
  mkdirSync(join(photos, "sub"), { recursive: true });
  copyFileSync(join(examples, "portrait-object.jpg"), join(photos, "portrait.jpg"));
  copyFileSync(join(examples, "still-life.jpg"), join(photos, "sub", "still.jpg"));
  writeFileSync(join(photos, "broken.jpg"), "this is no picture");
});

afterAll(async () => {
  await mesh?.stop(5_000);
  rmSync(root, { recursive: true, force: true });
});

const run = (...args: string[]) => startCli(["run", ...args, "--address", mesh.address]).done;

test("a folder is cut out with settings, onto a gradient, with a report of each picture", async () => {
  const report = join(root, "report.csv");
  const outDir = join(root, "out");
  const { exitCode, out, err } = await run(
    ...[photos, "--recursive", "--cut-out", "fill_holes,min_island=0.01", "--background", "gradient:white,black"],
    ...["--format", "png", "--out-dir", outDir, "--report", report],
  );
  expect(exitCode).toBe(1);
  expect(err).toContain("2 done, 1 failed of 3 pictures");
  expect(out).toContain("portrait.result.png");
  expect(readdirSync(outDir).sort()).toEqual(["portrait.result.png", "still.result.png"]);
  const rows = readFileSync(report, "utf8").trimEnd().split("\r\n");
  expect(rows).toHaveLength(4);
  expect(rows[1]).toMatch(/broken\.jpg,FAILED,.*IMAGE_TYPE_UNSUPPORTED/);
  expect(rows[2]).toMatch(/portrait\.jpg,SUCCEEDED,.*portrait\.result\.png,\d+\.\d{3},0\.\d{3},/);
  // The gradient falls from white to black behind the object, which stands in the middle.
  const { data, info } = await sharp(readFileSync(join(outDir, "portrait.result.png")))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => data[(y * info.width + x) * info.channels] as number;
  expect(info.channels).toBe(3);
  expect(pixel(0, 0)).toBeGreaterThan(245);
  expect(pixel(0, info.height - 1)).toBeLessThan(10);

  // Results in a searched folder are no pictures of the next command.
  const again = await run(photos, "--cut-out", "result=matte", "--format", "png", "--out-dir", photos);
  expect(again.err).toContain("1 done, 1 failed of 2 pictures");
  const last = await run(photos, "--cut-out", "result=matte", "--format", "png", "--out-dir", photos);
  expect(last.err).toContain("1 done, 1 failed of 2 pictures");
  expect(await sharp(readFileSync(join(photos, "portrait.result.png"))).metadata()).toMatchObject({ format: "png" });
});

test("pictures that an earlier command has finished are skipped, by content and settings", async () => {
  const outDir = join(root, "skipping");
  const cut = (...more: string[]) =>
    run(
      photos,
      "--recursive",
      "--remove-background",
      "--format",
      "png",
      "--out-dir",
      outDir,
      "--skip-existing",
      ...more,
    );
  expect((await cut()).err).toContain("2 done, 1 failed of 3 pictures");
  const again = await cut("--json");
  expect(again.err).toContain("0 done, 2 skipped, 1 failed of 3 pictures");
  const { jobs } = JSON.parse(again.out) as {
    jobs: { state: string; skipped: boolean; outputs: { path: string }[] }[];
  };
  expect(jobs.map(({ state, skipped }) => [state, skipped])).toEqual([
    ["FAILED", false],
    ["SUCCEEDED", true],
    ["SUCCEEDED", true],
  ]);
  expect(jobs[1]?.outputs[0]?.path).toBe(join(outDir, "portrait.result.png"));
  // Other settings, a changed picture and a lost output are done again.
  expect((await cut("--cut-out", "feather=1")).err).toContain("2 done, 1 failed");
  rmSync(join(outDir, "still.result.png"));
  expect((await cut("--cut-out", "feather=1")).err).toContain("1 done, 1 skipped, 1 failed");
  const both = await run(photos, "--remove-background", "-o", join(root, "x.png"), "--skip-existing");
  expect(both.err).toContain("Expected `--skip-existing` beside `--out-dir`");
});

test("one output is asked of one picture only, also for a folder", async () => {
  const { exitCode, err } = await run(photos, "--recursive", "--remove-background", "-o", join(root, "one.png"));
  expect(exitCode).toBe(2);
  expect(err).toContain("Expected `-o` to be used with one output; there are 3, use --out-dir");
});
