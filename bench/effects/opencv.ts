import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLineProcess } from "../peers/tools/peer-process.ts";
import { peerEnv, peersDir, scriptPath } from "../peers/tools/places.ts";
import type { Picture } from "./picture.ts";

/** An operation of peers/scripts/opencv/effects.py. */
export type OpenCvWork = { readonly run: string; readonly args: Readonly<Record<string, unknown>> };

/** OpenCV with a picture, on one thread. */
export type OpenCv = {
  readonly version: string;
  /** Runs an operation. Resolves to the processor time of its thread in ms. */
  run(work: OpenCvWork): Promise<number>;
  /** Runs an operation and returns the bytes of its result. */
  resultOf(work: OpenCvWork): Promise<Uint8Array>;
  close(): Promise<void>;
};

/** Starts OpenCV in a Python process. Undefined, with loud lines, if it is not installed. */
export async function startOpenCv({ widthPx, heightPx, data }: Picture): Promise<OpenCv | undefined> {
  const python = join(peersDir, "opencv/bin/python");
  if (!existsSync(python) || !existsSync(join(peersDir, "opencv.stamp"))) {
    console.log("  !!! SKIPPED: OpenCV is not installed, so ratios are those to the other peers only.");
    console.log("  !!! Install it with: bash bench/peers/setup.sh opencv");
    return undefined;
  }
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-opencv-"));
  const picturePath = join(dir, "picture.rgb");
  await writeFile(picturePath, data);
  const script = startLineProcess({
    program: python,
    args: [scriptPath("opencv/effects.py")],
    env: peerEnv(),
    cwd: dir,
    logPath: join(dir, "opencv.log"),
  });
  const ask = async (request: object) => {
    const answer = await script.ask(request);
    if (typeof answer.error === "string") throw new Error(`OpenCV: ${answer.error}`);
    return answer;
  };
  const { version } = await ask({ load: picturePath, width: widthPx, height: heightPx });
  return {
    version: String(version),
    run: async (work) => Number((await ask(work)).ms),
    async resultOf(work) {
      const to = join(dir, "result.rgb");
      await ask({ ...work, to });
      return readFile(to);
    },
    async close() {
      await script.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
