import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** Options of waiting for a lock. */
export type LockOptions = {
  readonly signal: AbortSignal;
  /** Called once if another process holds the lock. */
  readonly onWait?: () => void;
};

const pollMs = 100;
const renewMs = 5_000;
const staleMs = 30_000;

/**
 * Runs `work` under the lock `<path>.lock`, which one process at a time holds among all machines that share the directory. Takes
 * over the lock of a process that has died: at once on the same machine, else 30 s after the last renewal.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const lockPath = `${path}.lock`;
  await acquire(lockPath, options);
  const renewal = setInterval(() => void utimes(lockPath, new Date(), new Date()).catch(() => {}), renewMs);
  renewal.unref();
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await rm(lockPath, { force: true });
  }
}

async function acquire(lockPath: string, { signal, onWait }: LockOptions): Promise<void> {
  for (let hasToldWait = false; ; ) {
    signal.throwIfAborted();
    if (await create(lockPath)) return;
    if (await isAbandoned(lockPath)) {
      // Of several processes that found it abandoned, only one can rename it.
      const aside = `${lockPath}.${randomUUID()}`;
      await rename(lockPath, aside).catch(() => {});
      await rm(aside, { force: true });
      continue;
    }
    if (!hasToldWait) onWait?.();
    hasToldWait = true;
    await sleep(pollMs, undefined, { signal });
  }
}

async function create(lockPath: string): Promise<boolean> {
  try {
    const file = await open(lockPath, "wx");
    await file.writeFile(JSON.stringify({ host: hostname(), pid: process.pid })).finally(() => file.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function isAbandoned(lockPath: string): Promise<boolean> {
  const facts = await stat(lockPath).catch(() => null);
  if (facts === null) return false;
  if (Date.now() - facts.mtimeMs > staleMs) return true;
  const text = await readFile(lockPath, "utf8").catch(() => "");
  const [, host, pid] = /^\{"host":"([^"]*)","pid":(\d+)\}$/.exec(text) ?? [];
  return host === hostname() && !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
