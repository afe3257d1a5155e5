/** Returns the descriptor that a path names: `/dev/stdout`, `/dev/fd/N`, `/proc/self/fd/N`. Undefined for other paths. */
export function toDescriptor(path: string): number | undefined {
  const named = ["/dev/stdin", "/dev/stdout", "/dev/stderr"].indexOf(path);
  if (named >= 0) return named;
  const [, digits] = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/.exec(path) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether an output of this name goes to standard output. */
export function isStdout(path: string): boolean {
  return path === "-" || toDescriptor(path) === 1;
}

/** Whether an input of this name comes from standard input. */
export function isStdin(path: string): boolean {
  return path === "-" || toDescriptor(path) === 0;
}
