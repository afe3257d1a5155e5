import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePorts } from "@pixelmesh/testing";
import type { Side } from "../judge/side.ts";
import { type PeerProcess, startLineProcess, startServer } from "../tools/peer-process.ts";
import { findProgram, peerEnv, peersDir, scriptPath, unpackedLibraries } from "../tools/places.ts";
import { scriptSide } from "./line-scripts.ts";

/** Tiny jobs of one effect on the picture of a file. */
export type QueueWork = {
  readonly dir: string;
  readonly picturePath: string;
  readonly jobs: number;
  readonly inFlight: number;
};

/** BullMQ with one worker process that uses sharp, and a Redis of its own. */
export function bullmqSide(work: QueueWork): Promise<Side | undefined> {
  if (findProgram("bullmq") === undefined) return Promise.resolve(undefined);
  return queueSide("BullMQ + sharp", work, (redisPort, dir) => {
    const env = peerEnv({ PEERS_DIR: peersDir, REDIS_PORT: String(redisPort) });
    const command = (role: string) => ({
      program: process.execPath,
      args: [scriptPath("bullmq_jobs.mjs"), role],
      env,
      cwd: dir,
      logPath: join(dir, `bullmq-${role}.log`),
    });
    return { worker: command("worker"), client: command("client") };
  });
}

/** Celery with two worker processes that use Pillow, and a Redis of its own. */
export function celerySide(work: QueueWork): Promise<Side | undefined> {
  const program = findProgram("celery");
  if (program === undefined) return Promise.resolve(undefined);
  return queueSide("Celery + Pillow", work, (redisPort, dir) => {
    const env = peerEnv({ PYTHONPATH: scriptPath("celery"), REDIS_PORT: String(redisPort) });
    const options = ["--concurrency", "2", "--loglevel", "error", "--without-gossip", "--without-mingle"];
    return {
      worker: { program, args: ["-A", "jobs", "worker", ...options], env, cwd: dir, logPath: join(dir, "celery.log") },
      client: {
        program: join(peersDir, "celery/bin/python"),
        args: [scriptPath("celery/client.py")],
        env,
        cwd: dir,
        logPath: join(dir, "celery-client.log"),
      },
    };
  });
}

type Command = Parameters<typeof startLineProcess>[0];

async function queueSide(
  name: string,
  { dir, picturePath, jobs, inFlight }: QueueWork,
  describe: (redisPort: number, dir: string) => { readonly worker: Command; readonly client: Command },
): Promise<Side | undefined> {
  const own = join(dir, name.split(" ")[0] as string);
  await mkdir(own);
  const [port] = (await freePorts(1)) as [number];
  const redis = await startRedis(own, port);
  if (redis === undefined) return undefined;
  const commands = describe(port, own);
  // A worker takes jobs whenever it is ready; the unmeasured round waits for that.
  const worker = startLineProcess(commands.worker);
  const client = startLineProcess(commands.client);
  const side = scriptSide({ dir: own, name, request: () => ({ picturePath, jobs, inFlight }) }, client);
  return {
    ...side,
    pids: () => [redis.pid, worker.pid, client.pid],
    async close() {
      await client.close();
      await worker.close();
      await redis.close();
    },
  };
}

/** Starts a Redis on loopback that keeps nothing. Undefined where none is installed. */
async function startRedis(dir: string, port: number): Promise<PeerProcess | undefined> {
  const program = findProgram("redis");
  if (program === undefined) return undefined;
  const args = ["--bind", "127.0.0.1", "--port", String(port), "--save", "", "--appendonly", "no", "--dir", dir];
  const env = peerEnv({}, unpackedLibraries("redis"));
  return startServer({ program, args, env, cwd: dir, logPath: join(dir, "redis.log") }, port);
}
