import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { freePorts } from "@pixelmesh/testing";
import { inParallel } from "../../harness/tiny-jobs.ts";
import type { Side } from "../judge/side.ts";
import { fetchBytes } from "../tools/http.ts";
import { jpegQuality } from "../tools/mesh-work.ts";
import { startServer } from "../tools/peer-process.ts";
import type { PictureFile } from "../tools/pictures.ts";
import { findProgram, type Program, peerEnv, peersDir, unpackedLibraries } from "../tools/places.ts";

/** Pictures that are scaled into a box of `maxSidePx`, `inFlight` at once. */
export type PrescaleWork = {
  readonly dir: string;
  readonly pictures: readonly PictureFile[];
  readonly maxSidePx: number;
  readonly inFlight: number;
};

type Server = {
  readonly name: Program;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly path: (name: string) => string;
};

/** ipx, the picture server of Nuxt, on the files of the pictures' directory. */
export function ipxServer(work: PrescaleWork): Promise<Side | undefined> {
  const side = work.maxSidePx;
  return serverSide(work, (port, input) => ({
    name: "ipx",
    args: ["serve", "--dir", input, "--port", String(port), "--host", "127.0.0.1"],
    path: (name) => `/fit_inside,s_${side}x${side},f_jpeg,q_${jpegQuality}/${name}`,
  }));
}

/** thumbor with its Pillow engine on two threads, without stores. */
export async function thumborServer(work: PrescaleWork): Promise<Side | undefined> {
  const side = work.maxSidePx;
  const conf = join(work.dir, `thumbor-${side}.conf`);
  return serverSide(work, async (port, input) => {
    const lines = [
      `LOADER = "thumbor.loaders.file_loader"`,
      `FILE_LOADER_ROOT_PATH = ${JSON.stringify(input)}`,
      `STORAGE = "thumbor.storages.no_storage"`,
      `QUALITY = ${jpegQuality}`,
      "ENGINE_THREADPOOL_SIZE = 2",
      "ALLOW_UNSAFE_URL = True",
    ];
    await writeFile(conf, `${lines.join("\n")}\n`);
    return {
      name: "thumbor",
      args: ["-i", "127.0.0.1", "-p", String(port), "-c", conf, "-l", "error"],
      path: (name) => `/unsafe/fit-in/${side}x${side}/${name}`,
    };
  });
}

/** The small server on govips of bench/peers/scripts/govips. */
export function govipsServer(work: PrescaleWork): Promise<Side | undefined> {
  return serverSide(work, (port, input) => ({
    name: "govips",
    args: [String(port), input, String(jpegQuality)],
    env: peerEnv({}, unpackedLibraries("govips/root")),
    path: (name) => `/${work.maxSidePx}/${name}`,
  }));
}

async function serverSide(
  { dir, pictures, inFlight }: PrescaleWork,
  describe: (port: number, input: string) => Server | Promise<Server>,
): Promise<Side | undefined> {
  const [port] = (await freePorts(1)) as [number];
  const { name, args, env = nodeEnv(), path } = await describe(port, dirname((pictures[0] as PictureFile).path));
  const program = findProgram(name);
  if (program === undefined) return undefined;
  const logPath = join(dir, `${name}-${port}.log`);
  const { pid, close } = await startServer({ program, args, env, cwd: dir, logPath }, port);
  return {
    name,
    isOurs: false,
    pids: () => [pid],
    async run(signal) {
      let next = 0;
      await inParallel(pictures.length, inFlight, async () => {
        const picture = pictures[next++] as PictureFile;
        await fetchBytes(`http://127.0.0.1:${port}${path(picture.name)}`, signal);
      });
      return {};
    },
    close,
  };
}

/** Environment in which scripts of npm packages find the node of this process. */
function nodeEnv(): NodeJS.ProcessEnv {
  return peerEnv({ PATH: `${dirname(process.execPath)}:${process.env.PATH}`, PEERS_DIR: peersDir });
}
