import { globSync, readFileSync, readlinkSync } from "node:fs";

/** A process as /proc describes it. */
export type ProcessInfo = {
  readonly pid: number;
  readonly status: string;
  readonly isZombie: boolean;
  readonly exe: string;
};

/** Returns all descendants of a process, children first. */
export function descendants(pid: number): ProcessInfo[] {
  const family = [pid];
  for (const parent of family)
    for (const path of globSync(`/proc/${parent}/task/*/children`))
      family.push(...readFileSync(path, "utf8").split(" ").filter(Boolean).map(Number));
  return family.slice(1).flatMap((child) => {
    try {
      const status = readFileSync(`/proc/${child}/status`, "utf8");
      const isZombie = /^State:\tZ/m.test(status);
      return [{ pid: child, status, isZombie, exe: isZombie ? "" : readlinkSync(`/proc/${child}/exe`) }];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

/** Returns the mount points of a process, and whether they are writable. */
export function mountsOf(pid: number): { readonly path: string; readonly isWritable: boolean }[] {
  return readFileSync(`/proc/${pid}/mountinfo`, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(" "))
    .map(([, , , , path = "", options = ""]) => ({ path, isWritable: options.split(",").includes("rw") }));
}
