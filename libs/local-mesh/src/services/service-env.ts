import { hostname } from "node:os";
import { delimiter } from "node:path";
import { type Env, toByteSizeText } from "@pixelmesh/config";
import { addressVariable, type RoleName, roleNames, startSetting } from "@pixelmesh/roles";
import { type MeshPorts, portVariable } from "../ports/mesh-ports.ts";
import { compileCacheDir } from "./service-command.ts";

/** Addresses, directories and limits that all services of a mesh on one machine share. */
export type Wiring = {
  /** Where the services of `names` listen and are called. */
  readonly host: string;
  readonly ports: MeshPorts;
  /** The services of this mesh. */
  readonly names: readonly RoleName[];
  readonly broker: BrokerWiring;
  readonly blobsDir: string;
  /** For large pictures in work, unless the environment sets another directory. */
  readonly scratchDir: string;
  /** Searched before the directories of the environment. */
  readonly modelsDirs: readonly string[];
};

/**
 * A private broker, with the size limit of its files unless the environment sets a lower one, or one that other machines use too. With the
 * latter the environment may name the addresses of services that run elsewhere, the copies of each stream and the name of this replica.
 */
export type BrokerWiring =
  | { readonly isPrivate: true; readonly url: string; readonly storeMaxBytes: number }
  | { readonly isPrivate: false; readonly url: string };

/**
 * Arenas of glibc's allocator in one service. By default there are eight for each core, and each keeps what its threads freed: a mesh at
 * rest takes a fifth less memory with two (docs/adr/0081).
 */
const mallocArenas = 2;

/** Returns the environment of a service: the caller's, overridden by the wiring. Reads the path of the compile cache and the host's name. */
export function toServiceEnv(base: Env, { host, ports, names, broker, blobsDir, scratchDir, modelsDirs }: Wiring): Env {
  const isElsewhere = (name: RoleName) => !broker.isPrivate && !names.includes(name) && base[addressVariable(name)];
  // Of a role that a setting starts, the address says whether the mesh has it.
  const isAbsent = (name: RoleName) => startSetting(name) !== undefined && !names.includes(name);
  const dirs = [...modelsDirs, ...(base.PIXELMESH_MODELS_DIR ?? "").split(delimiter)].filter((dir) => dir !== "");
  const addresses = roleNames.flatMap((name) => [
    ...(isElsewhere(name) ? [] : [[addressVariable(name), isAbsent(name) ? undefined : `${host}:${ports[name].grpc}`]]),
    [portVariable(name, "grpc"), String(ports[name].grpc)],
    [portVariable(name, "health"), String(ports[name].health)],
    [portVariable(name, "metrics"), String(ports[name].metrics)],
  ]);
  return {
    NODE_COMPILE_CACHE: compileCacheDir(),
    MALLOC_ARENA_MAX: String(mallocArenas),
    PIXELMESH_LOG_LEVEL: "warn",
    PIXELMESH_SCRATCH_DIR: scratchDir,
    ...(broker.isPrivate
      ? { PIXELMESH_NATS_STORE_MAX: toByteSizeText(broker.storeMaxBytes) }
      : { PIXELMESH_INSTANCE: hostname() }),
    ...base,
    ...Object.fromEntries(addresses),
    PIXELMESH_NATS_URL: broker.url,
    ...(broker.isPrivate ? { PIXELMESH_NATS_REPLICAS: "1", PIXELMESH_INSTANCE: "0" } : {}),
    PIXELMESH_HOST: host,
    PIXELMESH_ADVERTISED_HOST: host,
    PIXELMESH_STORAGE_DIR: blobsDir,
    PIXELMESH_MODELS_DIR: [...new Set(dirs)].join(delimiter),
    PIXELMESH_PARENT_WATCH: "stdin",
  };
}
