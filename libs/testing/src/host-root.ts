import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory for `PIXELMESH_HOST_ROOT` that describes a machine with the memory that a test sets. */
export type HostRoot = {
  readonly path: string;
  /** Sets the memory in use, in bytes, for every process that reads it from now on. */
  setObserved(observedBytes: number): void;
  remove(): void;
};

/** Creates a machine of `totalBytes`, of which `observedBytes` are in use. Both are rounded down to KiB, as the kernel reports them. */
export function createHostRoot(totalBytes: number, observedBytes: number): HostRoot {
  const path = mkdtempSync(join(tmpdir(), "pixelmesh-host-"));
  mkdirSync(join(path, "proc/sys/kernel/random"), { recursive: true });
  writeFileSync(join(path, "proc/sys/kernel/random/boot_id"), `${path.slice(-6)}\n`);
  const kib = (bytes: number) => `${Math.floor(bytes / 1024)} kB`;
  const setObserved = (bytes: number) => {
    const meminfo = join(path, "proc/meminfo");
    const text = `MemTotal:       ${kib(totalBytes)}\nMemAvailable:   ${kib(totalBytes - bytes)}\n`;
    // A reader sees the old file or the new one, never a part.
    writeFileSync(`${meminfo}.new`, text);
    renameSync(`${meminfo}.new`, meminfo);
  };
  setObserved(observedBytes);
  return { path, setObserved, remove: () => rmSync(path, { recursive: true, force: true }) };
}
