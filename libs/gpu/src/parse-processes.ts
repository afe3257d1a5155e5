import { toBytes } from "./parse-gpus.ts";

/** Bytes by process id, for each GPU; undefined if the driver does not report them, as under WDDM. */
export type GpuProcesses = ReadonlyMap<string, ReadonlyMap<number, number | undefined>>;

/**
 * Parses the output of `nvidia-smi --query-compute-apps=gpu_uuid,pid,used_memory --format=csv,noheader,nounits`. Never throws:
 * other lines are left out, so that an error text gives an empty result. Inside a container the list is empty or names
 * processes of the machine, whose ids are not valid in the container.
 */
export function toGpuProcesses(output: string): GpuProcesses {
  const gpus = new Map<string, Map<number, number | undefined>>();
  for (const line of output.split("\n")) {
    const [uuid = "", pid = "", memory] = line.split(",").map((part) => part.trim());
    if (!/^(GPU|MIG)-/.test(uuid) || !/^\d+$/.test(pid)) continue;
    const processes = gpus.get(uuid) ?? new Map<number, number | undefined>();
    gpus.set(uuid, processes.set(Number(pid), toBytes(memory)));
  }
  return gpus;
}
