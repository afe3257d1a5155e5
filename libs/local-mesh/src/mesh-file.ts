import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { lockDir } from "./dir-lock.ts";
import { endLeftovers } from "./leftovers.ts";
import { identify, type ProcessIdentity } from "./process-identity.ts";

/** One process of a running mesh. Addresses are `host:port`, `metrics` is a URL. */
export type MeshProcess = {
  readonly name: string;
  readonly pid: number;
  readonly grpc: string;
  readonly health: string;
  readonly metrics: string;
};

/** What `mesh.json` in the data directory says while a mesh runs. */
export type MeshFacts = {
  readonly version: string;
  /** Of the process that looks after the others. */
  readonly pid: number;
  readonly broker: { readonly url: string; readonly pid: number };
  readonly services: readonly MeshProcess[];
  /** When each process started, by its id: an id alone may belong to another program later. */
  readonly startedAs?: Readonly<Record<string, string>>;
};

/** The file of a data directory that this process has for itself. */
export type MeshFile = { readonly path: string; write(facts: MeshFacts): void; remove(): void };

/** Where the facts of the mesh on a data directory are. */
export const meshFilePath = (dataDir: string): string => join(dataDir, "mesh.json");

/**
 * Takes the data directory, made if need be, for this process. Throws SERVICE_UNAVAILABLE where another mesh runs on it, which
 * a lock tells and not a file that may be stale. Processes that a dead supervisor left behind are waited for, then killed: two brokers never have
 * the same directory.
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

/** The facts of a mesh.json, or undefined where there is none or it is not one. */
export function readMeshFile(path: string): MeshFacts | undefined {
  try {
    const facts = JSON.parse(readFileSync(path, "utf8")) as Partial<MeshFacts>;
    const isWhole = typeof facts.pid === "number" && Array.isArray(facts.services) && facts.broker !== undefined;
    return isWhole ? (facts as MeshFacts) : undefined;
  } catch {
    return undefined;
  }
}

/** The processes that the one in charge looks after, as far as the file tells when they started. */
export function toProcesses({ broker, services, startedAs = {} }: MeshFacts): ProcessIdentity[] {
  return [broker.pid, ...services.map(({ pid }) => pid)].flatMap((pid) => {
    const started = startedAs[pid];
    return typeof started === "string" && started !== "" ? [{ pid, startedAs: started }] : [];
  });
}
