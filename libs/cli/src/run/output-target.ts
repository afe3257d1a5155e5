import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readlinkSync,
  rmSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UsageError, wrongFlag } from "@pixelmesh/flag-values";
import { isOpenForWriting } from "./descriptors.ts";
import { isStdout, toDescriptor } from "./standard-paths.ts";

/** The target of an output: an open descriptor, a pipe or device, or a file at a path without links. */
export type OutputTarget =
  | { readonly kind: "descriptor"; readonly fd: number }
  | { readonly kind: "stream"; readonly path: string; readonly isFifo: boolean }
  | { readonly kind: "file"; readonly path: string; readonly existing: Stats | undefined };

const maxLinks = 40;

/** Returns a path for the unfinished output. Its name is short enough wherever the output's name is. */
export function toPartPath(dir: string): string {
  return join(dir, `.pixelmesh-${process.pid}-${randomBytes(6).toString("hex")}.part`);
}

/** Resolves a path to its target. Follows links, also to a file that does not exist yet. Throws errors of the file system. */
export function findTarget(path: string): OutputTarget {
  if (path === "-") return { kind: "descriptor", fd: 1 };
  let at = path;
  for (let links = 0; ; links += 1) {
    const fd = toDescriptor(at);
    if (fd !== undefined) return { kind: "descriptor", fd };
    const next = readLink(at);
    if (next === undefined) break;
    if (links === maxLinks) throw Object.assign(new Error("too many links"), { code: "ELOOP", syscall: "readlink" });
    at = resolve(dirname(at), next);
  }
  const existing = statSync(at, { throwIfNoEntry: false });
  if (existing === undefined || existing.isFile()) return { kind: "file", path: at, existing };
  if (existing.isDirectory()) throw Object.assign(new Error("it is a directory"), { code: "EISDIR", syscall: "open" });
  if (existing.isSocket()) throw Object.assign(new Error("it is a socket"), { code: "ENXIO", syscall: "open" });
  return { kind: "stream", path: at, isFifo: existing.isFIFO() };
}

/** Whether a path leads to standard output, by its name or by a link. */
export function leadsToStdout(path: string): boolean {
  if (isStdout(path)) return true;
  try {
    const target = findTarget(path);
    return target.kind === "descriptor" && target.fd === 1;
  } catch {
    return false;
  }
}

/**
 * Checks, before any work, that an output can be written to `path`. Throws
 * UsageError that names `flag`.
 */
export function assertWritable(flag: string, path: string): void {
  const refuse = (form: string) => new UsageError(`Expected \`${flag}\` to be ${form}, got \`${path}\``);
  if (path === "") throw refuse("the name of a file");
  if (path.endsWith("/")) throw refuse("a file; for a directory use --out-dir");
  let target: OutputTarget;
  try {
    target = findTarget(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EISDIR") throw refuse("a file; for a directory use --out-dir");
    if (code === "ENAMETOOLONG") throw refuse("a name that the file system takes (it is too long)");
    throw refuse(`a place where a file can be written (${code})`);
  }
  if (target.kind === "descriptor") {
    if (!isOpenForWriting(target.fd)) throw refuse("an open descriptor that can be written to");
  } else if (target.kind === "stream" || target.existing !== undefined) {
    const why = failureOf(() => accessSync(target.path, constants.W_OK));
    if (why !== undefined) throw refuse(`a file that can be written (${why})`);
  } else {
    const dir = dirname(target.path);
    if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) throw refuse("in a directory that exists");
    const why = findWriteFailure(dir);
    if (why !== undefined) throw refuse(`in a directory that can be written to (${why})`);
  }
}

/**
 * Creates a directory and its missing parents, and checks that files can be created in it. Throws UsageError that
 * names `flag`.
 */
export function assertFolder(flag: string, path: string): void {
  const why = failureOf(() => makeFolders(resolve(path))) ?? findWriteFailure(path);
  if (why === undefined) return;
  throw wrongFlag(flag, `a directory that can be written to, or a place where one can be made (${why})`, path);
}

/** Creates parents itself, because node's `recursive` never ends where no directory can be created, as in `/proc`. */
function makeFolders(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/** Creates and removes a file in a directory. Returns the system's error code where that fails, otherwise undefined. */
export function findWriteFailure(dir: string): string | undefined {
  const probe = toPartPath(dir);
  return failureOf(() => {
    closeSync(openSync(probe, "wx"));
    rmSync(probe, { force: true });
  });
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EINVAL" || code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

function failureOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
}
