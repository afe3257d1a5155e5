import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameStore, createSpareMemory, type FrameStore } from "@pixelmesh/imaging";
import type { ServiceBase } from "@pixelmesh/service";
import type { WorkerConfig } from "../worker-fields.ts";

/** The temporary memory and files of this process, for pictures that steps work on. */
export type Scratch = {
  openFrameStore(): FrameStore;
  /** Returns the directory of this process, for other temporary files. */
  directory(): Promise<string>;
};

/**
 * Opens the scratch of this process. Its directory is created on first use and removed by the lifecycle. Directories of killed
 * processes are removed first; their names contain the process id.
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
  return { openFrameStore: () => createFrameStore(makeOwnOnce, maxFrameBytes, spare), directory: makeOwnOnce };
}

/** In containers process ids repeat. A directory with this process's id that is older than this process is another's. */
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
