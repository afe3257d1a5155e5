import { delimiter } from "node:path";
import { type Env, toByteSizeText } from "@pixelmesh/config";
import { addressVariable, roleNames } from "@pixelmesh/roles";
import { type MeshPorts, portVariable } from "./ports.ts";
import { compileCacheDir } from "./services.ts";

/** Everything every service of a mesh on one machine is told. */
export type Wiring = {
  readonly host: string;
  readonly ports: MeshPorts;
  readonly natsUrl: string;
  /** What the broker may store, unless the environment says less. */
  readonly storeMaxBytes: number;
  readonly blobsDir: string;
  /** For large pictures in work, unless the environment names another. */
  readonly scratchDir: string;
  /** Searched before those the environment names. */
  readonly modelsDirs: readonly string[];
};

/** The environment of a service: the caller's, then where everything is. Pure but for the place of the compile cache. */
export function toServiceEnv(
  base: Env,
  { host, ports, natsUrl, storeMaxBytes, blobsDir, scratchDir, modelsDirs }: Wiring,
): Env {
  const dirs = [...modelsDirs, ...(base.PIXELMESH_MODELS_DIR ?? "").split(delimiter)].filter((dir) => dir !== "");
  const places = roleNames.flatMap((name) => [
    [addressVariable(name), `${host}:${ports[name].grpc}`],
    [portVariable(name, "grpc"), String(ports[name].grpc)],
    [portVariable(name, "health"), String(ports[name].health)],
    [portVariable(name, "metrics"), String(ports[name].metrics)],
  ]);
  return {
    NODE_COMPILE_CACHE: compileCacheDir(),
    PIXELMESH_LOG_LEVEL: "warn",
    PIXELMESH_SCRATCH_DIR: scratchDir,
    PIXELMESH_NATS_STORE_MAX: toByteSizeText(storeMaxBytes),
    ...base,
    ...Object.fromEntries(places),
    PIXELMESH_NATS_URL: natsUrl,
    PIXELMESH_NATS_REPLICAS: "1",
    PIXELMESH_HOST: host,
    PIXELMESH_ADVERTISED_HOST: host,
    PIXELMESH_INSTANCE: "0",
    PIXELMESH_STORAGE_DIR: blobsDir,
    PIXELMESH_MODELS_DIR: [...new Set(dirs)].join(delimiter),
    PIXELMESH_PARENT_WATCH: "stdin",
  };
}
