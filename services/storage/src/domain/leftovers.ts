/** A process that writes temporary files: its machine and its id there. */
export type Writer = { readonly hostname: string; readonly pid: number };

const form = /^(?<hostname>.+)~(?<pid>\d+)~\d+\.part$/;

/** Returns the name of a writer's n-th temporary file. */
export function tempName(writer: Writer, n: number): string {
  return `${writer.hostname.replaceAll(/[^\w.-]/g, "_")}~${writer.pid}~${n}.part`;
}

/**
 * Returns whether a temporary file was left behind: its writer ran on this machine and is dead (`isAlive`), or the file was not written for
 * `staleMs`. Call it before `self` creates files: an earlier process may have had the same pid.
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
