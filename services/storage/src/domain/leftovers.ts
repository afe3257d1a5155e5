/** A process that writes temporary files: where it runs and its id there. */
export type Writer = { readonly hostname: string; readonly pid: number };

const form = /^(?<hostname>.+)~(?<pid>\d+)~\d+\.part$/;

/** The name of a writer's n-th temporary file. */
export function tempName(writer: Writer, n: number): string {
  return `${writer.hostname.replaceAll(/[^\w.-]/g, "_")}~${writer.pid}~${n}.part`;
}

/**
 * Whether a temporary file was left behind by a process that died: its writer ran here and is gone (`isAlive`), or nobody
 * has written to it for `staleMs`. `self` must ask before its first own file, for its pid may be that of the dead.
 */
export function isLeftover(
  name: string,
  idleMs: number,
  staleMs: number,
  self: Writer,
  isAlive: (pid: number) => boolean,
): boolean {
  if (idleMs > staleMs) return true;
  const groups = form.exec(name)?.groups;
  if (groups === undefined || tempName(self, 0).split("~")[0] !== groups.hostname) return false;
  const pid = Number(groups.pid);
  return pid === self.pid || !isAlive(pid);
}
