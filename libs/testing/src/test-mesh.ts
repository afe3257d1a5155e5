import { readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPixelmesh, type Pixelmesh } from "@pixelmesh/client";
import { type MeshEvent, type MeshProcess, startMesh } from "@pixelmesh/local-mesh";
import type { RoleName } from "@pixelmesh/roles";
import { keepLogs, trackDataDir } from "./kept-logs.ts";

/** A whole mesh of processes for a test, on free ports and in a directory of its own; `await using` ends it. */
export type TestMesh = {
  /** Of ingest. */
  readonly address: string;
  readonly client: Pixelmesh;
  readonly dataDir: string;
  brokerUrl(): string;
  /** The service processes as they run now; a restarted one has another pid. */
  processes(): readonly MeshProcess[];
  /** Kills a process as a crash would; it is started again like any that crashes. */
  kill(name: RoleName | "broker", signal?: NodeJS.Signals): void;
  /** What happened since the start: what was ready, restarted or logged as an error. */
  events(): readonly MeshEvent[];
  /** Everything a service has logged. */
  logs(name: RoleName): string;
  [Symbol.asyncDispose](): Promise<void>;
};

/** What a test mesh is started with. */
export type TestMeshOptions = {
  readonly modelsDirs?: readonly string[];
  /** On top of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: all. */
  readonly services?: readonly RoleName[];
};

const stopGraceMs = 10_000;

/** Starts the services of this checkout as processes, by the same code as `pixelmesh up`, and resolves when all serve. */
export async function startTestMesh(options: TestMeshOptions = {}): Promise<TestMesh> {
  const { modelsDirs = [], env = {}, services } = options;
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
      ...(services ? { services } : {}),
    });
    // A free port may be taken before it is listened on; then the start was repeated, and this mesh knows of no error.
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
    const places = keepLogs().join(", ");
    await removeDir();
    throw new Error(`The test mesh did not start; logs are in ${places}`, { cause: error });
  }
}
