import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The disk under the store of a mesh, which a test can take away and give back. */
export type Disk = Disposable & {
  /** Ways to take the disk away, by the state that the store then meets. */
  readonly outages: Readonly<Record<string, { begin(): Promise<void>; end(): Promise<void> }>>;
};

/**
 * Puts a small file system under an empty store, to be mounted read-only and filled up. Where this process may not mount one, the
 * directory for new files is replaced by a file, so that every write fails all the same.
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
  // Refused while a file is open for writing.
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
        // Storage has written meanwhile: it is full all the same.
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    },
    async end() {
      rmSync(path);
    },
  };
}
