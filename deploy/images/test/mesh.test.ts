import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectPixelmesh, JobState, type Pixelmesh } from "@pixelmesh/client";
import { type Mesh, startMesh } from "@pixelmesh/local-mesh";
import { type RoleName, roleNames } from "@pixelmesh/roles";
import { download, effectStep, robot, step } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { descendants, mountsOf, type ProcessInfo } from "./inside.ts";
import { probeIsolation } from "./isolation.ts";
import { builtTree, writeRootfs } from "./rootfs.ts";

const isolation = probeIsolation();
if (isolation === "plain")
  console.warn("SKIPPED: read-only root, user 65532 and process 1: no namespaces on this machine");
const script = fileURLToPath(new URL("./contain.ts", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "pixelmesh-images-"));
const rootfs = join(dir, "rootfs");
const exitFile = (name: RoleName) => join(dir, `${name}.exit`);
let mesh: Mesh;
let client: Pixelmesh;

beforeAll(async () => {
  writeRootfs(rootfs, roleNames.map(builtTree));
  // Without a manifest of hosted models a mesh has no remote service.
  const manifest = join(rootfs, "etc/hosted-models.json");
  writeFileSync(manifest, JSON.stringify({ version: 1, currency: "USD", providers: [], models: [] }));
  // The image's user must be able to write the volume.
  const blobs = join(dir, "data/blobs");
  mkdirSync(blobs, { recursive: true });
  chmodSync(blobs, 0o777);
  mesh = await startMesh({
    dataDir: join(dir, "data"),
    ports: "free",
    env: {
      ...process.env,
      PIXELMESH_LOG_LEVEL: "info",
      PIXELMESH_STOP_GRACE: "10s",
      PIXELMESH_REMOTE_MANIFEST: isolation === "plain" ? manifest : "/etc/hosted-models.json",
    },
    command: (name) => [process.execPath, script, name, rootfs, exitFile(name)],
  });
  client = connectPixelmesh({ address: mesh.address });
}, 120_000);
afterAll(async () => {
  client?.close();
  await mesh?.stop(30_000);
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

/** Returns the Node processes of a contained service, process 1 first, and its zombies. */
function inside(name: RoleName): { nodes: ProcessInfo[]; zombies: ProcessInfo[] } {
  const all = descendants(Number(mesh.processes().find((process) => process.name === name)?.pid));
  return {
    nodes: all.filter(({ exe }) => exe.endsWith("/nodejs/bin/node") || exe === join(rootfs, "nodejs/bin/node")),
    zombies: all.filter(({ isZombie }) => isZombie),
  };
}

/** Runs every kind of model and an effect, with new parameters so that no result is stored. */
async function runJob() {
  const steps = [
    effectStep("fx", "black_and_white", { contrast: 1 + Math.random() / 4 }),
    step("up", { $case: "upscale", value: { scale: 2 } } as never, "fx"),
    step("cut", { $case: "removeBackground", value: {} } as never, "up"),
  ];
  const { id } = await client.jobs.create({ pipeline: { steps }, pictures: [{ bytes: robot }] });
  return client.jobs.wait(id);
}

test("a job with every kind of work succeeds on the trees", async () => {
  const job = await runJob();
  expect(job.error?.message ?? "").toBe("");
  expect(job.state).toBe(JobState.SUCCEEDED);
  expect((await download(client, job, job.outputs[0]?.name ?? "")).length).toBeGreaterThan(1_000);
});

test.each(roleNames)("the health command of %s succeeds", (name) => {
  const address = mesh.processes().find((process) => process.name === name)?.health ?? "";
  const ask = (port: string) =>
    spawnSync(process.execPath, [join(builtTree(name), "health.js"), port], { encoding: "utf8" });
  expect(ask(address.split(":").at(-1) ?? "")).toMatchObject({ status: 0, stderr: "" });
  const closed = ask("9");
  expect(closed.status).toBe(1);
  expect(closed.stderr).toMatch(/^not serving: /);
});

test.skipIf(isolation === "plain").each(roleNames)(
  "%s is process 1 of a read-only root, as an unprivileged user",
  (name) => {
    const [first] = inside(name).nodes;
    expect(first?.status).toMatch(/^NSpid:\t.*\t1$/m);
    expect(first?.status).toMatch(/^NoNewPrivs:\t1$/m);
    if (isolation === "rooted") {
      expect(first?.status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
      expect(first?.status).toMatch(/^CapEff:\t0+$/m);
    }
    const pid = first?.pid ?? 0;
    const writable = mountsOf(pid).filter(({ isWritable }) => isWritable);
    const paths = writable.map(({ path }) => path.replace(rootfs, "")).filter((path) => !path.startsWith("/dev/"));
    expect(new Set(paths)).toEqual(new Set(["/data", "/tmp", "/proc"]));
    expect(existsSync(`/proc/${pid}/root/bin/sh`)).toBe(false);
  },
);

test.skipIf(isolation === "plain")("an inference host that is killed leaves no zombie with process 1", async () => {
  await runJob();
  const hosts = () => inside("upscale").nodes.slice(1);
  const killed = hosts().map(({ pid }) => pid);
  expect(killed.length).toBeGreaterThan(0);
  for (const pid of killed) process.kill(pid, "SIGKILL");
  await expect.poll(() => hosts().filter(({ pid }) => killed.includes(pid))).toEqual([]);
  await expect.poll(() => inside("upscale").zombies).toEqual([]);
});

test("SIGTERM ends each service in time without an error", async () => {
  await mesh.stop(30_000);
  const ends = Object.fromEntries(roleNames.map((name) => [name, readFileSync(exitFile(name), "utf8")]));
  expect(ends).toEqual(Object.fromEntries(roleNames.map((name) => [name, "0"])));
}, 60_000);
