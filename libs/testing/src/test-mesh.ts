import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPixelmesh, type Pixelmesh } from "@pixelmesh/client";
import { type MeshEvent, type MeshProcess, parentWatch, serviceCommand, startMesh } from "@pixelmesh/local-mesh";
import { jobRoles, type RoleName } from "@pixelmesh/roles";
import { keepLogs, trackDataDir } from "./kept-logs.ts";

/** A mesh of processes for a test, on free ports and in its own directory. `await using` stops it. */
export type TestMesh = {
  /** Address of ingest. */
  readonly address: string;
  readonly client: Pixelmesh;
  readonly dataDir: string;
  brokerUrl(): string;
  /** The service processes that run now; a restarted one has another pid. */
  processes(): readonly MeshProcess[];
  /** Kills a process as a crash would. Its supervisor restarts it. */
  kill(name: RoleName | "broker", signal?: NodeJS.Signals): void;
  /** Events since the start: ready, restarted, logged errors. */
  events(): readonly MeshEvent[];
  /** The whole log of a service. */
  logs(name: RoleName): string;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Options of a test mesh. */
export type TestMeshOptions = {
  readonly modelsDirs?: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: all but the gateway. */
  readonly services?: readonly RoleName[];
  /** Main modules, with arguments, that replace those of services: services with a port that only tests use. */
  readonly mains?: Partial<Readonly<Record<RoleName, readonly [main: string, ...args: readonly string[]]>>>;
};

const stopGraceMs = 10_000;

/** Starts the services of this checkout as processes, with the code of `pixelmesh up`, and resolves when all serve. */
export async function startTestMesh(options: TestMeshOptions = {}): Promise<TestMesh> {
  const { modelsDirs = [], env = {}, services = jobRoles, mains = {} } = options;
  const dataDir = await mkdtemp(join(tmpdir(), "pixelmesh-test-"));
  const removeDir = trackDataDir(dataDir);
  const events: MeshEvent[] = [];
  try {
    const mesh = await startMesh({
      dataDir,
      ports: "free",
      env: { ...process.env, PIXELMESH_LOG_LEVEL: "info", PIXELMESH_STOP_GRACE: "5s", ...env },
      modelsDirs,
      onEvent: (event) => events.push(event),
      services,
      command(name) {
        const [main, ...args] = mains[name] ?? [];
        return serviceCommand(name, process.execPath, { preload: parentWatch, ...(main ? { main } : {}), args });
      },
    });
    // Another program may take a free port first. Then the start was retried, and its errors are not of this mesh.
    events.splice(0, events.length, ...events.filter(({ kind }) => kind !== "error"));
    const client = connectPixelmesh({ address: mesh.address });
    return {
      address: mesh.address,
      client,
      dataDir,
      brokerUrl: () => mesh.broker().url,
      processes: mesh.processes,
      kill: (name, signal = "SIGKILL") => mesh.kill(name, signal),
      events: () => events,
      logs: (name) => readFileSync(mesh.logPath(name), "utf8"),
      async [Symbol.asyncDispose]() {
        client.close();
        await mesh.stop(stopGraceMs);
        await removeDir();
      },
    };
  } catch (error) {
    const logDirs = keepLogs().join(", ");
    await removeDir();
    throw new Error(`The test mesh did not start; logs are in ${logDirs}`, { cause: error });
  }
}
