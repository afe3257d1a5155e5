import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const base = "/sys/fs/cgroup";

/**
 * Creates the cgroup below which the kubelet puts pods, in every hierarchy of the machine (one with cgroup v2, several with v1). Returns its path.
 * scripts/check-kubernetes.sh removes it, when no process is left.
 */
export function createCgroup(name: string): string {
  const isUnified = existsSync(join(base, "cgroup.controllers"));
  for (const hierarchy of isUnified ? [base] : hierarchies()) {
    const dir = join(hierarchy, name);
    mkdirSync(dir, { recursive: true });
    // A cpuset without processors and memory nodes takes no process.
    for (const file of ["cpuset.cpus", "cpuset.mems"])
      if (!isUnified && existsSync(join(dir, file)))
        writeFileSync(join(dir, file), readFileSync(join(hierarchy, file)));
  }
  if (isUnified) writeFileSync(join(base, "cgroup.subtree_control"), "+cpu +cpuset +memory +pids");
  return `/${name}`;
}

/** The mounted hierarchies of cgroup v1. A machine may have an empty one of v2 beside them. */
const hierarchies = (): string[] =>
  readdirSync(base)
    .map((name) => join(base, name))
    .filter((dir) => existsSync(join(dir, "cgroup.procs")) && !existsSync(join(dir, "cgroup.controllers")));
