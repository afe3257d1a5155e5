import { spawnSync } from "node:child_process";

/**
 * Isolation that this machine offers instead of a container engine. `rooted`: mount and process namespaces, and the image's own user.
 * `mapped`: the namespaces, with the current user. `plain`: neither; the tree is started directly.
 */
export type Isolation = "rooted" | "mapped" | "plain";

function works(...args: string[]): boolean {
  const probe = "mount -t tmpfs none /mnt && mount -t proc proc /proc";
  return spawnSync("unshare", [...args, "--mount", "--pid", "--fork", "sh", "-c", probe]).status === 0;
}

/** Returns the strongest isolation of this machine, by trying each. */
export function probeIsolation(): Isolation {
  if (process.platform !== "linux") return "plain";
  if (process.getuid?.() === 0) return works() ? "rooted" : "plain";
  return works("--map-root-user") ? "mapped" : "plain";
}
