import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectPixelmesh } from "@pixelmesh/client";
import { readMeshFile, reservePorts } from "@pixelmesh/local-mesh";
import { startedRoles } from "@pixelmesh/roles";
import { createDir, modelBytes, serveFile, startModelServer, upscalerEntry } from "@pixelmesh/testing/models";
import { expect, onTestFinished, test, vi } from "vitest";

const pixelmesh = fileURLToPath(new URL("../../../bin/pixelmesh", import.meta.url));

/** Starts `pixelmesh up` as a process, on free ports, so that it does not collide with a developer's mesh. */
function startUp(
  dataDir: string,
  ...flags: string[]
): { up: ChildProcess; output: () => string; exited: Promise<unknown[]> } {
  const up = spawn(pixelmesh, ["up", "--data-dir", dataDir, "--port", "0", ...flags]);
  let text = "";
  for (const stream of [up.stdout, up.stderr]) stream.on("data", (chunk) => (text += chunk));
  onTestFinished(() => void up.kill("SIGKILL"));
  return { up, output: () => text, exited: once(up, "exit") };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("up prints a line per service and ready, then each restart, and drains on Ctrl-C", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-up-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const { up, output, exited } = startUp(dataDir);
  await vi.waitFor(() => expect(output()).toMatch(/^ready$/m), { timeout: 60_000 });
  for (const name of startedRoles({})) expect(output()).toMatch(new RegExp(`^${name} +127.0.0.1:\\d+ `, "m"));

  const facts = readMeshFile(join(dataDir, "mesh.json"))!;
  expect(facts.pid).toBe(up.pid);
  const effects = facts.services.find(({ name }) => name === "effects")!;
  process.kill(effects.pid, "SIGKILL");
  await vi.waitFor(() => expect(output()).toContain("restarted effects (signal SIGKILL), attempt 2"), {
    timeout: 30_000,
  });

  const running = readMeshFile(join(dataDir, "mesh.json"))!;
  up.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
  expect(output()).toMatch(/^stopped$/m);
  expect([running.broker.pid, ...running.services.map(({ pid }) => pid)].filter(isAlive)).toEqual([]);
});

function createDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-up-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

async function runDown(dataDir: string, ...flags: string[]) {
  const down = spawn(pixelmesh, ["down", "--data-dir", dataDir, ...flags]);
  let text = "";
  for (const stream of [down.stdout, down.stderr]) stream.on("data", (chunk) => (text += chunk));
  const [code] = await once(down, "close");
  return { code, text };
}

const pidsOf = (dataDir: string) => {
  const facts = readMeshFile(join(dataDir, "mesh.json"))!;
  return [facts.pid, facts.broker.pid, ...facts.services.map(({ pid }) => pid)];
};

test("up takes ports and log level from flags and prints the log directory; down drains it, a second down does nothing", async () => {
  const dataDir = createDataDir();
  let port: number;
  let started: ReturnType<typeof startUp>;
  // Another program may listen on one of the 18 ports. Then `up` names it, and the test tries other ports.
  do {
    const reserved = await reservePorts("127.0.0.1", 1);
    port = reserved.ports[0]!;
    reserved.release();
    started = startUp(dataDir, "--port", String(port), "--log-level", "info");
    await vi.waitFor(() => expect(started.output()).toMatch(/^ready$|to be free/m), { timeout: 60_000 });
  } while (/to be free/.test(started.output()));
  const { output, exited } = started;
  expect(output()).toMatch(new RegExp(`^ingest +127.0.0.1:${port}  health 127.0.0.1:${port + 100}  `, "m"));
  expect(output()).toContain(`logs in ${join(dataDir, "logs")};`);
  expect(readFileSync(join(dataDir, "logs", "ingest.log"), "utf8")).toContain('"msg":"ready"');

  const pids = pidsOf(dataDir);
  expect(await runDown(dataDir)).toEqual({ code: 0, text: `stopped the mesh on ${dataDir}\n` });
  expect(await exited).toEqual([0, null]);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(await runDown(dataDir)).toEqual({ code: 0, text: `no mesh runs on ${dataDir}\n` });
  expect(await runDown(join(dataDir, "nowhere"))).toMatchObject({ code: 0 });
});

test("down kills a mesh that does not drain within its time", async () => {
  const dataDir = createDataDir();
  const { up, output } = startUp(dataDir);
  await vi.waitFor(() => expect(output()).toMatch(/^ready$/m), { timeout: 60_000 });
  const pids = pidsOf(dataDir);
  // A stopped supervisor and broker do not react to SIGTERM.
  for (const pid of [up.pid!, pids[1]!]) process.kill(pid, "SIGSTOP");
  const { code, text } = await runDown(dataDir, "--timeout", "1");
  expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining("did not drain within 1 s") });
  await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 60_000 });
});

test("down does not signal a process that only shares the id of a dead supervisor", async () => {
  const dataDir = createDataDir();
  const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 600_000)"]);
  onTestFinished(() => void other.kill("SIGKILL"));
  const facts = { version: "0", pid: other.pid, broker: { url: "", pid: other.pid }, services: [] };
  writeFileSync(
    join(dataDir, "mesh.json"),
    JSON.stringify({ ...facts, startedAs: { [other.pid!]: "an earlier one" } }),
  );
  expect(await runDown(dataDir)).toMatchObject({ code: 0, text: expect.stringContaining("no mesh runs") });
  expect(other.exitCode ?? other.signalCode).toBeNull();
  expect(isAlive(other.pid!)).toBe(true);
});

test("up --only starts exactly these services, --inspect answers debuggers, --watch is accepted", async () => {
  const dataDir = createDataDir();
  const flags = ["--only", "ingest,storage,scheduler", "--inspect", "storage:0", "--watch"];
  const { up, output, exited } = startUp(dataDir, ...flags);
  await vi.waitFor(() => expect(output()).toMatch(/^ready$/m), { timeout: 60_000 });
  const { services } = readMeshFile(join(dataDir, "mesh.json"))!;
  expect(services.map(({ name }) => name).sort()).toEqual(["ingest", "scheduler", "storage"]);
  const [, inspector] = /^storage +inspector ws:\/\/(127\.0\.0\.1:\d+)\//m.exec(output()) ?? [];
  const response = await fetch(`http://${inspector}/json/list`);
  expect(await response.json()).toMatchObject([{ title: expect.stringContaining("services/storage") }]);
  up.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
});

test.each([
  [["--only", "ingest", "--inspect", "upscale"], "Expected `--inspect upscale` to be one of `--only`"],
  [["--inspect", "ingest", "--inspect", "upscale"], "Expected each `--inspect` to have its own port, got 9229 twice"],
])("up %j is a usage error", async (flags, text) => {
  const { output, exited } = startUp(createDataDir(), ...flags);
  expect(await exited).toEqual([2, null]);
  expect(output()).toContain(text);
});

test.each([
  ["--port", "80"],
  ["--port", "65400"],
  ["--port", "x"],
  ["--log-level", "loud"],
  ["--only", "ingest,upscal"],
  ["--inspect", "upscale:80"],
])("up %s %s is a usage error", async (...flags) => {
  const { output, exited } = startUp(createDataDir(), ...flags);
  expect(await exited).toEqual([2, null]);
  expect(output()).toContain(`got \`${flags[1]}\``);
});

test("up --pull brings a model before the mesh starts, and starts without one that does not come", async () => {
  await using server = await startModelServer(serveFile(modelBytes));
  using models = createDir(
    upscalerEntry("near", { sourceUrl: server.url("/near.onnx") }),
    upscalerEntry("far", { sourceUrl: server.url("/far.onnx"), sha256: "0".repeat(64) }),
  );
  const only = ["--only", "ingest,scheduler,storage,upscale", "--models-dir", models.dir];
  const { up, output, exited } = startUp(createDataDir(), ...only, "--pull", "near", "--pull", "far");
  await vi.waitFor(() => expect(output()).toMatch(/^ready$/m), { timeout: 60_000 });
  expect(output()).toMatch(/^pulled near, 1\.2 MiB, to .*near\.onnx$/m);
  expect(output()).toMatch(/^starting without far: .*expected 0{64}/m);
  const [, address = ""] = /^ingest +(\S+)/m.exec(output()) ?? [];
  const client = connectPixelmesh({ address });
  onTestFinished(() => client.close());
  const listed = (await client.models({ task: "upscale" })).filter(({ name }) => ["near", "far"].includes(name));
  expect(listed.map(({ name, available }) => [name, available])).toEqual([
    ["near", true],
    ["far", false],
  ]);
  up.kill("SIGINT");
  expect(await exited).toEqual([0, null]);

  const wrong = startUp(createDataDir(), ...only, "--pull", "neat");
  expect(await wrong.exited).toEqual([1, null]);
  expect(wrong.output()).toMatch(/UNKNOWN_MODEL: .*Did you mean `near`\?/);
});

test("a model that is pulled while the mesh runs restarts its service, and no other; an invalid manifest restarts none", async () => {
  await using server = await startModelServer(serveFile(modelBytes));
  using models = createDir(upscalerEntry("late", { sourceUrl: server.url("/late.onnx") }));
  const only = ["--only", "ingest,scheduler,storage,upscale,background", "--models-dir", models.dir];
  const { up, output, exited } = startUp(createDataDir(), ...only);
  await vi.waitFor(() => expect(output()).toMatch(/^ready$/m), { timeout: 60_000 });
  const [, address = ""] = /^ingest +(\S+)/m.exec(output()) ?? [];
  const client = connectPixelmesh({ address });
  onTestFinished(() => client.close());
  const isAvailable = async () =>
    (await client.models({ task: "upscale" })).find(({ name }) => name === "late")?.available;
  expect(await isAvailable()).toBe(false);

  await models.pull("late");
  await vi.waitFor(() => expect(output()).toContain("restarted upscale (its models changed), attempt 1"), {
    timeout: 60_000,
  });
  await vi.waitFor(async () => expect(await isAvailable()).toBe(true), { timeout: 60_000, interval: 500 });

  writeFileSync(join(models.dir, "manifest.json"), "{");
  await vi.waitFor(() => expect(output()).toMatch(/^models changed and are not used yet: .*Expected JSON/m), {
    timeout: 60_000,
  });
  expect(output().match(/^restarted /gm)).toHaveLength(1);
  up.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
});
