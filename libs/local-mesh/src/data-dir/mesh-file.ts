import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { endLeftovers } from "../processes/leftovers.ts";
import { identify, type ProcessIdentity } from "../processes/process-identity.ts";
import { lockDir } from "./dir-lock.ts";

/** One process of a running mesh. Addresses are `host:port`, `metrics` is a URL. `grpc` is the address of its API, which is HTTP for the gateway. */
export type MeshProcess = {
  readonly name: string;
  readonly pid: number;
  readonly grpc: string;
  readonly health: string;
  readonly metrics: string;
};

/** Content of `mesh.json` in the data directory while a mesh runs. */
export type MeshFacts = {
  readonly version: string;
  /** Process id of the supervisor. */
  readonly pid: number;
  readonly broker: { readonly url: string; readonly pid: number };
  readonly services: readonly MeshProcess[];
  /** The start time of each process, by its id. An id alone may belong to another program later. */
  readonly startedAs?: Readonly<Record<string, string>>;
};

/** The `mesh.json` of a data directory that this process has claimed. */
export type MeshFile = { readonly path: string; write(facts: MeshFacts): void; remove(): void };

/** Path of the `mesh.json` of a data directory. */
export const meshFilePath = (dataDir: string): string => join(dataDir, "mesh.json");

/**
 * Claims the data directory for this process and creates it if needed. Throws SERVICE_UNAVAILABLE where another mesh runs on it. A lock
 * decides that, because a file may be stale. Waits for processes that a dead supervisor left behind, then kills them, so that two brokers
 * never use the same directory.
 */
export async function claimMeshFile(dataDir: string, version: string): Promise<MeshFile> {
  mkdirSync(dataDir, { recursive: true });
  const path = meshFilePath(dataDir);
  const lock = lockDir(dataDir);
  if (lock === undefined) {
    const pid = readMeshFile(path)?.pid;
    throw new AppError(
      "SERVICE_UNAVAILABLE",
      `Expected ${dataDir} to be unused, but a mesh ${pid ? `(process ${pid}) ` : ""}runs on it. Stop that one ` +
        "(`pixelmesh down`), or choose another --data-dir",
    );
  }
  const temporary = `${path}.${process.pid}`;
  let isOurs = true;
  function write(facts: MeshFacts): void {
    if (!isOurs) return;
    const ids = [facts.pid, facts.broker.pid, ...facts.services.map(({ pid }) => pid)];
    const startedAs = Object.fromEntries(ids.map((pid) => [pid, identify(pid).startedAs]));
    writeFileSync(temporary, `${JSON.stringify({ ...facts, startedAs }, null, 2)}\n`);
    renameSync(temporary, path);
  }
  function remove(): void {
    if (!isOurs) return;
    isOurs = false;
    for (const file of [temporary, path]) rmSync(file, { force: true });
    lock?.release();
  }
  try {
    const stale = readMeshFile(path);
    await endLeftovers(realpathSync(dataDir), stale ? toProcesses(stale) : []);
    write({ version, pid: process.pid, broker: { url: "", pid: 0 }, services: [] });
  } catch (error) {
    isOurs = false;
    lock.release();
    throw error;
  }
  return { path, write, remove };
}

/** Reads a `mesh.json`. Returns undefined where the file is missing or broken. */
export function readMeshFile(path: string): MeshFacts | undefined {
  try {
    const facts = JSON.parse(readFileSync(path, "utf8")) as Partial<MeshFacts>;
    const isWhole = typeof facts.pid === "number" && Array.isArray(facts.services) && facts.broker !== undefined;
    return isWhole ? (facts as MeshFacts) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the supervised processes whose start times the file holds. */
export function toProcesses({ broker, services, startedAs = {} }: MeshFacts): ProcessIdentity[] {
  return [broker.pid, ...services.map(({ pid }) => pid)].flatMap((pid) => {
    const started = startedAs[pid];
    return typeof started === "string" && started !== "" ? [{ pid, startedAs: started }] : [];
  });
}
