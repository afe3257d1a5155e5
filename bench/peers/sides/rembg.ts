import { mkdir, readFile, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { freePorts } from "@pixelmesh/testing";
import { inParallel } from "../../harness/tiny-jobs.ts";
import type { Side } from "../judge/side.ts";
import { fetchBytes } from "../tools/http.ts";
import { runCommand, startServer } from "../tools/peer-process.ts";
import type { PictureFile } from "../tools/pictures.ts";
import { findProgram, peerEnv } from "../tools/places.ts";

/** What rembg works on. */
export type RembgWork = { readonly dir: string; readonly pictures: readonly PictureFile[]; readonly modelPath: string };

/** rembg's folder mode: one process from its start to the last PNG. */
export async function rembgFolder({ dir, pictures, modelPath }: RembgWork): Promise<Side | undefined> {
  const program = findProgram("rembg");
  if (program === undefined) return undefined;
  const env = await rembgEnv(dir, modelPath);
  const out = join(dir, "rembg-out");
  const input = dirname((pictures[0] as PictureFile).path);
  return {
    name: "rembg folder",
    isOurs: false,
    pids: () => [],
    async run(signal) {
      await rm(out, { recursive: true, force: true });
      await mkdir(out);
      const args = ["p", "-m", "u2netp", input, out];
      await runCommand({ program, args, env, cwd: dir, logPath: join(dir, "rembg-folder.log") }, signal);
      const last = (pictures.at(-1) as PictureFile).name.replace(/\.jpg$/, ".png");
      if ((await readFile(join(out, last))).length === 0) throw new Error(`Expected rembg to write ${last}`);
      return {};
    },
    close: async () => {},
  };
}

/** rembg's server with two workers. `threads` is the number of ONNX threads of its session; undefined: rembg's default, one for each core. */
export async function rembgServer(work: RembgWork, threads?: number): Promise<Side | undefined> {
  const program = findProgram("rembg");
  if (program === undefined) return undefined;
  const { dir, pictures, modelPath } = work;
  const env = {
    ...(await rembgEnv(dir, modelPath)),
    ...(threads === undefined ? {} : { OMP_NUM_THREADS: String(threads) }),
  };
  const [port] = (await freePorts(1)) as [number];
  const args = ["s", "-h", "127.0.0.1", "-p", String(port), "-t", "2", "--no-ui", "-l", "warning"];
  const logPath = join(dir, `rembg-server-${port}.log`);
  const { pid, close } = await startServer({ program, args, env, cwd: dir, logPath }, port);
  return {
    name: threads === undefined ? "rembg server" : `rembg server, ${threads} ONNX thread`,
    isOurs: false,
    pids: () => [pid],
    async run(signal) {
      let next = 0;
      await inParallel(pictures.length, 2, async () => {
        const { bytes, name } = pictures[next++] as PictureFile;
        const body = new FormData();
        body.set("file", new Blob([new Uint8Array(bytes)], { type: "image/jpeg" }), name);
        body.set("model", "u2netp");
        await fetchBytes(`http://127.0.0.1:${port}/api/remove`, signal, { method: "POST", body });
      });
      return {};
    },
    close,
  };
}

/** Gives rembg the model as a file, in the directory where it would keep downloads. */
async function rembgEnv(dir: string, modelPath: string): Promise<NodeJS.ProcessEnv> {
  const home = join(dir, "rembg-models");
  await mkdir(home, { recursive: true });
  await symlink(modelPath, join(home, "u2netp.onnx")).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  return peerEnv({ U2NET_HOME: home, MODEL_CHECKSUM_DISABLED: "1" });
}
