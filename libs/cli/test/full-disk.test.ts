import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type MeshEvent, readMeshFile, startMesh } from "@pixelmesh/local-mesh";
import { startedRoles } from "@pixelmesh/roles";
import { emptyServiceCommand } from "@pixelmesh/testing/services";
import { expect, onTestFinished, test } from "vitest";

function createDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-test-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

async function startSmallMesh(dataDir: string) {
  const events: MeshEvent[] = [];
  const mesh = await startMesh({
    dataDir,
    ports: "free",
    env: process.env,
    services: ["ingest", "storage"],
    command: emptyServiceCommand,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => mesh.stop(2_000));
  const trouble = () => events.flatMap((event) => (event.kind === "trouble" ? [event.text] : []));
  const restarts = () => events.filter(({ kind }) => kind === "restarted").length;
  return { mesh, trouble, restarts };
}

test("a mesh starts and runs while a log cannot be written, and reports that once", async ({ skip }) => {
  if (process.platform !== "linux") skip("/dev/full is Linux's");
  const dataDir = createDataDir();
  const log = join(dataDir, "logs", "ingest.log");
  mkdirSync(join(dataDir, "logs"));
  symlinkSync("/dev/full", log);
  const { mesh, trouble, restarts } = await startSmallMesh(dataDir);
  const before = mesh.processes();
  await expect.poll(trouble).toEqual([expect.stringMatching(/^logs cannot be written: ENOSPC/)]);
  rmSync(log);
  await expect.poll(trouble).toEqual([expect.anything(), expect.stringMatching(/^logs are written again; \d+ bytes/)]);
  expect(readFileSync(log, "utf8")).toMatch(/bytes could not be written: ENOSPC/);
  expect(mesh.processes()).toEqual(before);
  expect(restarts()).toBe(0);
});

test("a service restarts each time while mesh.json cannot be written", async () => {
  const { mesh, trouble, restarts } = await startSmallMesh(createDataDir());
  const inTheWay = join(mesh.dataDir, `mesh.json.${process.pid}`);
  mkdirSync(inTheWay);
  for (const count of [1, 2]) {
    mesh.kill("storage", "SIGKILL");
    await expect.poll(restarts).toBe(count);
  }
  expect(trouble()).toEqual([expect.stringMatching(/^mesh.json cannot be written: EISDIR/)]);
  rmdirSync(inTheWay);
  await expect.poll(trouble).toEqual([expect.anything(), "mesh.json is written again"]);
  expect(readMeshFile(join(mesh.dataDir, "mesh.json"))?.services).toEqual(mesh.processes());
});

const pixelmesh = fileURLToPath(new URL("../../../bin/pixelmesh", import.meta.url));

test.each(["full", "gone"])("up runs on and drains when its standard output is %s", async (kind) => {
  if (kind === "full" && process.platform !== "linux") return;
  const dataDir = createDataDir();
  const out = kind === "full" ? openSync("/dev/full", "w") : ("pipe" as const);
  const args = ["up", "--data-dir", dataDir, "--port", "0"];
  const up = spawn(pixelmesh, args, { stdio: ["ignore", out, out] });
  onTestFinished(() => void up.kill("SIGKILL"));
  for (const stream of [up.stdout, up.stderr]) stream?.destroy();
  const exited = once(up, "exit");
  const facts = () => readMeshFile(join(dataDir, "mesh.json"));
  await expect.poll(() => facts()?.services.length, { timeout: 60_000 }).toBe(startedRoles({}).length);
  const effects = facts()!.services.find(({ name }) => name === "effects")!;
  process.kill(effects.pid, "SIGKILL");
  const pidNow = () => facts()?.services.find(({ name }) => name === "effects")?.pid;
  await expect.poll(pidNow).not.toBe(effects.pid);
  up.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
  expect(facts()).toBeUndefined();
});
