import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { type ServiceName, serviceNames } from "../src/index.ts";
import { readMeshFile } from "../src/mesh/mesh-file.ts";
import { freePorts, portVariable } from "../src/mesh/ports.ts";

const pixelmesh = fileURLToPath(new URL("../../../bin/pixelmesh", import.meta.url));

/** `pixelmesh up` as a process, on ports of its own so that a mesh of the developer's is not in the way. */
async function startUp(
  dataDir: string,
): Promise<{ up: ChildProcess; output: () => string; exited: Promise<unknown[]> }> {
  const ports = Object.entries(await freePorts("127.0.0.1")).flatMap(([name, kinds]) =>
    Object.entries(kinds).map(
      ([kind, port]) => [portVariable(name as ServiceName, kind as "grpc"), String(port)] as const,
    ),
  );
  const env = { ...process.env, ...Object.fromEntries(ports) };
  const up = spawn(pixelmesh, ["up", "--data-dir", dataDir], { env });
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

test("up says one line per service and ready, then that it restarted what crashed, and drains on Ctrl-C", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "pixelmesh-up-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const { up, output, exited } = await startUp(dataDir);
  await vi.waitFor(() => expect(output()).toMatch(/^ready$/m), { timeout: 30_000 });
  for (const name of serviceNames) expect(output()).toMatch(new RegExp(`^${name} +127.0.0.1:\\d+ `, "m"));

  const facts = readMeshFile(join(dataDir, "mesh.json"))!;
  expect(facts.pid).toBe(up.pid);
  const effects = facts.services.find(({ name }) => name === "effects")!;
  process.kill(effects.pid, "SIGKILL");
  await vi.waitFor(() => expect(output()).toContain("restarted effects (signal SIGKILL), attempt 2"), {
    timeout: 10_000,
  });

  const running = readMeshFile(join(dataDir, "mesh.json"))!;
  up.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
  expect(output()).toMatch(/^stopped$/m);
  expect([running.broker.pid, ...running.services.map(({ pid }) => pid)].filter(isAlive)).toEqual([]);
});
