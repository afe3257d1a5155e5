import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Bus, listServices } from "@pixelmesh/bus";
import { StorageServiceDefinition, type TierStats } from "@pixelmesh/proto";
import { connectRpc, type RpcClient, toChunks } from "@pixelmesh/rpc";

/** A storage process with a shared store, on its own directory. */
export type StorageProcess = {
  readonly rpc: RpcClient<StorageServiceDefinition>;
  readonly pid: number;
  put(bytes: Uint8Array, savedMs: number): Promise<string>;
  /** Reads a whole blob. Resolves to its size in bytes. */
  read(sha256: string): Promise<number>;
  tier(name: "hot" | "warm" | "cold"): Promise<TierStats>;
  kill(): Promise<void>;
};

const main = fileURLToPath(new URL("../../../services/storage/src/main.ts", import.meta.url));

/** Starts a process of the storage service and resolves when it is announced. Throws with its output if it ends before. */
export async function startStorageProcess(
  bus: Bus,
  instance: string,
  env: Readonly<Record<string, string>>,
): Promise<StorageProcess> {
  const child = spawn(process.execPath, ["--conditions=development", "--disable-warning=ExperimentalWarning", main], {
    env: {
      ...process.env,
      PIXELMESH_INSTANCE: instance,
      PIXELMESH_LOG_LEVEL: "error",
      PIXELMESH_STORAGE_GRPC_PORT: "0",
      PIXELMESH_STORAGE_HEALTH_PORT: "0",
      PIXELMESH_STORAGE_METRICS_PORT: "0",
      PIXELMESH_STORAGE_MIN_FREE: "0B",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const exited = once(child, "close");
  let address: string | undefined;
  while (address === undefined) {
    if (child.exitCode !== null) throw new Error(`storage did not start: ${output.slice(-4_000)}`);
    await sleep(20);
    address = (await listServices(bus).catch(() => [])).find((each) => each.instance === instance)?.grpcAddress;
  }
  const connection = connectRpc(address);
  const rpc = connection.client(StorageServiceDefinition);
  return {
    rpc,
    pid: child.pid as number,
    async put(bytes, savedMs) {
      async function* messages() {
        yield { part: { $case: "header" as const, value: { sizeBytes: bytes.length, savedMs } } };
        for (const value of toChunks(bytes)) yield { part: { $case: "chunk" as const, value } };
        yield { part: { $case: "end" as const, value: {} } };
      }
      return (await rpc.putBlob(messages())).blob?.sha256 ?? "";
    },
    async read(sha256) {
      let sizeBytes = 0;
      for await (const { part } of rpc.getBlob({ sha256 })) if (part?.$case === "chunk") sizeBytes += part.value.length;
      return sizeBytes;
    },
    async tier(name) {
      const found = (await rpc.getStats({})).tiers.find(({ tier }) => tier === name);
      if (!found) throw new Error(`there is no tier ${name}`);
      return found;
    },
    async kill() {
      connection.close();
      child.kill("SIGKILL");
      await exited;
    },
  };
}
