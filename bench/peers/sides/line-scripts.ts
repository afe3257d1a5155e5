import { join } from "node:path";
import type { Side } from "../judge/side.ts";
import { type LineProcess, startLineProcess } from "../tools/peer-process.ts";
import { findProgram, peerEnv, peersDir, scriptPath } from "../tools/places.ts";

/** A script that stays loaded, and the request of a round. */
export type ScriptWork = { readonly dir: string; readonly name: string; readonly request: () => object };

/** A side that does its work in scripts/sharp_work.mjs. */
export function sharpSide(work: ScriptWork): Side | undefined {
  return findProgram("sharp") === undefined ? undefined : scriptSide(work, startSharp(work.dir));
}

/** A side that does its work in scripts/pillow_work.py. */
export function pillowSide(work: ScriptWork): Side | undefined {
  return findProgram("pillow") === undefined ? undefined : scriptSide(work, startPillow(work.dir));
}

function startSharp(dir: string): LineProcess {
  return startLineProcess({
    program: process.execPath,
    args: [scriptPath("sharp_work.mjs")],
    env: peerEnv({ PEERS_DIR: peersDir }),
    cwd: dir,
    logPath: join(dir, "sharp.log"),
  });
}

function startPillow(dir: string): LineProcess {
  return startLineProcess({
    program: join(peersDir, "celery/bin/python"),
    args: [scriptPath("pillow_work.py")],
    env: peerEnv(),
    cwd: dir,
    logPath: join(dir, "pillow.log"),
  });
}

/** Returns the side of a running script. Its answer holds `error`, or `bytes` of pictures and values of the round. */
export function scriptSide({ name, request }: ScriptWork, script: LineProcess): Side {
  return {
    name,
    isOurs: false,
    pids: () => [script.pid],
    async run() {
      const answer = await script.ask(request());
      const { error, bytes, ...values } = answer;
      if (typeof error === "string") throw new Error(error);
      if (bytes === 0) throw new Error(`Expected ${name} to write pictures, got no bytes`);
      return values as Record<string, number>;
    },
    close: script.close,
  };
}
