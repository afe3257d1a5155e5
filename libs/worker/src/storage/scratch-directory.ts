import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRoom, createSpareMemory, type Room } from "@pixelmesh/imaging";
import type { ServiceBase } from "@pixelmesh/service";
import type { WorkerConfig } from "../worker-fields.ts";

/** This process's place for pictures while they are worked on: spare memory, and files for those that are too large for it. */
export type Scratch = {
  openRoom(): Room;
  /** The directory of this process, for files of another kind. */
  directory(): Promise<string>;
};

/**
 * A directory of this process's own, made when it is first needed and removed with the process. What a killed one has left
 * behind is removed first: its name says which process it was of.
 */
export async function openScratch(
  { life, service }: Pick<ServiceBase, "life" | "service">,
  { scratchDir, maxFrameBytes }: Pick<WorkerConfig, "scratchDir" | "maxFrameBytes">,
): Promise<Scratch> {
  const parent = scratchDir === "" ? tmpdir() : scratchDir;
  for (const name of await readdir(parent).catch(() => [])) {
    const pid = Number(/^pixelmesh-[a-z]+-(\d+)-\w+$/.exec(name)?.[1]);
    const path = join(parent, name);
    if (pid > 0 && (await isLeftBehind(pid, path))) await rm(path, { recursive: true, force: true });
  }
  let own: Promise<string> | undefined;
  const makeOwn = async () => {
    await mkdir(parent, { recursive: true });
    return mkdtemp(join(parent, `pixelmesh-${service}-${process.pid}-`));
  };
  life.defer("scratch files", async () => {
    if (own) await rm(await own, { recursive: true, force: true });
  });
  const spare = createSpareMemory(maxFrameBytes);
  const makeOwnOnce = () => {
    own ??= makeOwn();
    return own;
  };
  return { openRoom: () => createRoom(makeOwnOnce, maxFrameBytes, spare), directory: makeOwnOnce };
}

/** In containers the same number may come again: then what is older than this process is another's. */
async function isLeftBehind(pid: number, path: string): Promise<boolean> {
  if (pid === process.pid) {
    const startedUnixMs = Date.now() - process.uptime() * 1000;
    return ((await stat(path).catch(() => undefined))?.ctimeMs ?? startedUnixMs) < startedUnixMs;
  }
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
