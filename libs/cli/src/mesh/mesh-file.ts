import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";

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
};

/** The file of a data directory that this process has for itself. */
export type MeshFile = { readonly path: string; write(facts: MeshFacts): void; remove(): void };

const leftoversTimeoutMs = 15_000;

/**
 * Takes the data directory, made if need be, for this process. Throws SERVICE_UNAVAILABLE where another mesh runs on it. What is
 * left of one whose supervisor died is waited for until it has ended.
 */
export async function claimMeshFile(dataDir: string, version: string): Promise<MeshFile> {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, "mesh.json");
  const claim = toText({ version, pid: process.pid, broker: { url: "", pid: 0 }, services: [] });
  for (;;) {
    try {
      writeFileSync(path, claim, { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      await clearStale(path, dataDir);
    }
  }
  return {
    path,
    write(facts) {
      const temporary = `${path}.${process.pid}`;
      writeFileSync(temporary, toText(facts));
      renameSync(temporary, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}

async function clearStale(path: string, dataDir: string): Promise<void> {
  const facts = readMeshFile(path);
  if (facts && isAlive(facts.pid)) {
    throw new AppError(
      "SERVICE_UNAVAILABLE",
      `Expected ${dataDir} to be unused, but a mesh (process ${facts.pid}) runs on it. Stop that one, or choose another ` +
        "--data-dir",
    );
  }
  const pids = facts ? [facts.broker.pid, ...facts.services.map(({ pid }) => pid)] : [];
  const untilMs = performance.now() + leftoversTimeoutMs;
  while (pids.some(isAlive) && performance.now() < untilMs) await sleep(50);
  rmSync(path, { force: true });
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

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function toText(facts: MeshFacts): string {
  return `${JSON.stringify(facts, null, 2)}\n`;
}
