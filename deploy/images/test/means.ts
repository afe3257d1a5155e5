import { spawnSync } from "node:child_process";

/**
 * How well this machine can stand in for an engine. `rooted`: mount and process namespaces, and the image's own user. `mapped`: the same
 * without root, as whoever we are. `plain`: neither; the tree is started as it lies.
 */
export type Means = "rooted" | "mapped" | "plain";

function works(...args: string[]): boolean {
  const probe = "mount -t tmpfs none /mnt && mount -t proc proc /proc";
  return spawnSync("unshare", [...args, "--mount", "--pid", "--fork", "sh", "-c", probe]).status === 0;
}

/** What can be done here; found out by trying. */
export function means(): Means {
  if (process.platform !== "linux") return "plain";
  if (process.getuid?.() === 0) return works() ? "rooted" : "plain";
  return works("--map-root-user") ? "mapped" : "plain";
}
