import { delimiter } from "node:path";
import { type Env, toByteSizeText } from "@pixelmesh/config";
import { addressVariable, roleNames } from "@pixelmesh/roles";
import { type MeshPorts, portVariable } from "../ports/mesh-ports.ts";
import { compileCacheDir } from "./service-command.ts";

/** Addresses, directories and limits that all services of a mesh on one machine share. */
export type Wiring = {
  readonly host: string;
  readonly ports: MeshPorts;
  readonly natsUrl: string;
  /** Size limit of the broker's files, unless the environment sets a lower one. */
  readonly storeMaxBytes: number;
  readonly blobsDir: string;
  /** For large pictures in work, unless the environment sets another directory. */
  readonly scratchDir: string;
  /** Searched before the directories of the environment. */
  readonly modelsDirs: readonly string[];
};

/**
 * Arenas of glibc's allocator in one service. By default there are eight for each core, and each keeps what its threads freed: a mesh at
 * rest takes a fifth less memory with two (docs/adr/0081).
 */
const mallocArenas = 2;

/** Returns the environment of a service: the caller's, overridden by the wiring. Pure except for the path of the compile cache. */
export function toServiceEnv(
  base: Env,
  { host, ports, natsUrl, storeMaxBytes, blobsDir, scratchDir, modelsDirs }: Wiring,
): Env {
  const dirs = [...modelsDirs, ...(base.PIXELMESH_MODELS_DIR ?? "").split(delimiter)].filter((dir) => dir !== "");
  const addresses = roleNames.flatMap((name) => [
    [addressVariable(name), `${host}:${ports[name].grpc}`],
    [portVariable(name, "grpc"), String(ports[name].grpc)],
    [portVariable(name, "health"), String(ports[name].health)],
    [portVariable(name, "metrics"), String(ports[name].metrics)],
  ]);
  return {
    NODE_COMPILE_CACHE: compileCacheDir(),
    MALLOC_ARENA_MAX: String(mallocArenas),
    PIXELMESH_LOG_LEVEL: "warn",
    PIXELMESH_SCRATCH_DIR: scratchDir,
    PIXELMESH_NATS_STORE_MAX: toByteSizeText(storeMaxBytes),
    ...base,
    ...Object.fromEntries(addresses),
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
