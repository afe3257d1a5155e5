import { constants, fstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";

/**
 * Whether the program that started this one opened this descriptor for writing. Node has descriptors of its own: those that are no file,
 * pipe, socket or device, and pipes that this process also reads. Writing to one of these ends the process.
 */
export function isOpenForWriting(fd: number): boolean {
  const stats = statOf(fd);
  if (stats === undefined || !isWritableKind(stats)) return false;
  try {
    if (accessOf(fd) === constants.O_RDONLY) return false;
    return !stats.isFIFO() || fd <= 2 || !isReadHere(fd);
  } catch {
    // Without /proc, the first write shows it.
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
      // The descriptor of the listing itself.
      return false;
    }
  });
}

/** O_RDONLY, O_WRONLY or O_RDWR. */
function accessOf(fd: number): number {
  const [, flags = ""] = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")) ?? [];
  return Number.parseInt(flags, 8) & 3;
}
