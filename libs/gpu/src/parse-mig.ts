import { toBytes } from "./parse-gpus.ts";

/** A MIG instance of a GPU. Each instance is a device of its own. */
export type MigInstance = {
  readonly uuid: string;
  /** Such as "NVIDIA A100-SXM4-40GB MIG 1g.5gb". */
  readonly name: string;
  readonly totalBytes: number | undefined;
  readonly usedBytes: number | undefined;
  readonly processes: ReadonlyMap<number, number | undefined>;
};

type Listed = { readonly gpuUuid: string; readonly index: number; readonly uuid: string; readonly name: string };

/**
 * Parses the instances of all GPUs from two outputs: `nvidia-smi -L` lists their names and UUIDs, `nvidia-smi -q -x` their memory
 * and processes (`--query-gpu` shows neither). Never throws: facts that an output lacks are left out or undefined.
 */
export function toMigInstances(list: string, xml: string): MigInstance[] {
  const gpus = new Map(blocks(xml, "gpu").map((gpu) => [text(gpu.replace(migDevices, ""), "uuid"), gpu]));
  return toListed(list).map(({ gpuUuid, index, uuid, name }) => {
    const gpu = gpus.get(gpuUuid) ?? "";
    const device = blocks(gpu, "mig_device").find((each) => text(each, "index") === String(index)) ?? "";
    const memory = blocks(device, "fb_memory_usage")[0] ?? "";
    const [total, used, free] = ["total", "used", "free"].map((tag) => toBytes(text(memory, tag)));
    const taken = total === undefined || free === undefined ? 0 : total - free;
    const processes = blocks(gpu, "process_info").filter(
      (each) =>
        text(each, "gpu_instance_id") === text(device, "gpu_instance_id") &&
        text(each, "compute_instance_id") === text(device, "compute_instance_id"),
    );
    return {
      uuid,
      name,
      totalBytes: total,
      usedBytes: used === undefined ? undefined : Math.max(used, taken),
      processes: new Map(processes.map((each) => [Number(text(each, "pid")), toBytes(text(each, "used_memory"))])),
    };
  });
}

const migDevices = /<mig_devices>[\s\S]*?<\/mig_devices>/;

/** Parses `GPU 0: NVIDIA A100 (UUID: GPU-…)` and below it `  MIG 1g.5gb  Device  0: (UUID: MIG-…)`. */
function toListed(list: string): Listed[] {
  const found: Listed[] = [];
  let gpu = { uuid: "", name: "" };
  for (const line of list.split("\n")) {
    const card = /^GPU \d+: (.*) \(UUID: (GPU-[^)]+)\)/.exec(line);
    const instance = /^\s+(MIG \S+)\s+Device\s+(\d+): \(UUID: (MIG-[^)]+)\)/.exec(line);
    if (card) gpu = { uuid: card[2] ?? "", name: card[1] ?? "" };
    else if (instance) {
      const [, profile, index, uuid = ""] = instance;
      found.push({ gpuUuid: gpu.uuid, index: Number(index), uuid, name: `${gpu.name} ${profile}` });
    }
  }
  return found;
}

function blocks(xml: string, tag: string): string[] {
  return [...xml.matchAll(new RegExp(`<${tag}(?:\\s[^>]*)?>([\\s\\S]*?)</${tag}>`, "g"))].map(
    ([, inner = ""]) => inner,
  );
}

function text(xml: string, tag: string): string {
  return new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1]?.trim() ?? "";
}
