import { constants, fstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";

/**
 * Whether a descriptor was opened for writing by the program that started this one. Those that node opened for itself have numbers too:
 * what is no file, pipe, socket or device is one of them, and so is a pipe that this process reads as well. Writing there ends the process.
 */
export function isOpenForWriting(fd: number): boolean {
  const stats = statOf(fd);
  if (stats === undefined || !isWritableKind(stats)) return false;
  try {
    if (accessOf(fd) === constants.O_RDONLY) return false;
    return !stats.isFIFO() || fd <= 2 || !isReadHere(fd);
  } catch {
    // No /proc: the first write tells.
    return true;
  }
}

function statOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}

function isWritableKind(stats: Stats): boolean {
  return [stats.isFile(), stats.isFIFO(), stats.isSocket(), stats.isCharacterDevice(), stats.isBlockDevice()].some(
    Boolean,
  );
}

function isReadHere(fd: number): boolean {
  const pipe = readlinkSync(`/proc/self/fd/${fd}`);
  return readdirSync("/proc/self/fd").some((other) => {
    try {
      return readlinkSync(`/proc/self/fd/${other}`) === pipe && accessOf(Number(other)) === constants.O_RDONLY;
    } catch {
      // It was the descriptor of the listing itself.
      return false;
    }
  });
}

/** O_RDONLY, O_WRONLY or O_RDWR. */
function accessOf(fd: number): number {
  const [, flags = ""] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")) ?? [];
  return Number.parseInt(flags, 8) & 3;
}
