import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The disk of the store of a mesh, which a test can make fail and restore. */
export type Disk = Disposable & {
  /** Ways to make the disk fail, by the resulting state. */
  readonly outages: Readonly<Record<string, { begin(): Promise<void>; end(): Promise<void> }>>;
};

/**
 * Mounts a small file system under an empty store, to be remounted read-only or filled up. Where this process may not mount, a file replaces
 * the directory for new files, so that every write fails too.
 */
export function placeDisk(storeDir: string, sizeMib: number): Disk {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m`, "tmpfs", storeDir], { stdio: "pipe" });
  } catch {
    return { outages: { "without a directory for new files": replaceTemp(storeDir) }, [Symbol.dispose]() {} };
  }
  for (const name of ["blobs", "tmp", "quarantine"]) mkdirSync(join(storeDir, name));
  return {
    outages: { "read-only": remount(storeDir), full: fillUp(storeDir) },
    [Symbol.dispose]: () => void execFileSync("umount", ["-l", storeDir]),
  };
}

function replaceTemp(storeDir: string) {
  const [temp, away] = [join(storeDir, "tmp"), join(storeDir, "tmp.away")];
  return {
    async begin() {
      renameSync(temp, away);
      writeFileSync(temp, "");
    },
    async end() {
      rmSync(temp);
      renameSync(away, temp);
    },
  };
}

function remount(storeDir: string) {
  // Fails while a file is open for writing.
  const to = async (mode: "ro" | "rw") => {
    for (let tries = 1; ; tries += 1) {
      try {
        return void execFileSync("mount", ["-o", `remount,${mode}`, storeDir], { stdio: "pipe" });
      } catch (error) {
        if (tries > 1_000) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  return { begin: () => to("ro"), end: () => to("rw") };
}

function fillUp(storeDir: string) {
  const path = join(storeDir, "filler");
  return {
    async begin() {
      const { bavail, bsize } = statfsSync(storeDir);
      try {
        writeFileSync(path, Buffer.alloc(bavail * bsize));
      } catch (error) {
        // Storage has written meanwhile, but the disk is full.
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    },
    async end() {
      rmSync(path);
    },
  };
}
