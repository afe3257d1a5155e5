import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** How a lock is waited for. */
export type LockOptions = {
  readonly signal: AbortSignal;
  /** Told once, when another process holds the lock. */
  readonly onWait?: () => void;
};

const pollMs = 100;
const touchMs = 5_000;
const staleMs = 30_000;

/**
 * Does work that only one process on any machine that shares the directory may do at a time, by a file `<path>.lock`.
 * The lock of a process that has died is taken over: at once on its own machine, after 30 s without a sign elsewhere.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const lockPath = `${path}.lock`;
  await take(lockPath, options);
  const touch = setInterval(() => void utimes(lockPath, new Date(), new Date()).catch(() => {}), touchMs);
  touch.unref();
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(lockPath, { force: true });
  }
}

async function take(lockPath: string, { signal, onWait }: LockOptions): Promise<void> {
  for (let told = false; ; ) {
    signal.throwIfAborted();
    if (await create(lockPath)) return;
    if (await isAbandoned(lockPath)) {
      // Renaming lets one of several that saw this go on.
      const aside = `${lockPath}.${randomUUID()}`;
      await rename(lockPath, aside).catch(() => {});
      await rm(aside, { force: true });
      continue;
    }
    if (!told) onWait?.();
    told = true;
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
