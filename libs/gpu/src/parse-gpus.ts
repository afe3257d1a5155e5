/** A GPU as one line of `--query-gpu` shows it. Bytes are undefined where the driver does not say. */
export type GpuLine = {
  readonly index: number;
  /** `GPU-…`: the same for every process that sees the card. */
  readonly uuid: string;
  readonly name: string;
  readonly totalBytes: number | undefined;
  readonly usedBytes: number | undefined;
  /** Whether the card is cut into instances: then those are the devices, not the card. */
  readonly isMig: boolean;
};

/** A line as it was understood: a GPU, words of the tool or driver that are no reading, or nothing. */
export type ParsedLine =
  | { readonly kind: "gpu"; readonly gpu: GpuLine }
  | { readonly kind: "words"; readonly text: string }
  | { readonly kind: "blank" };

const mib = 1024 ** 2;

/** The fields asked for, in this order. Drivers before MIG (R450) do not know the last one and say so. */
export const gpuFields = ["index", "uuid", "name", "memory.total", "memory.used", "memory.free", "mig.mode.current"];

/** The fields that every driver knows. */
export const oldGpuFields = gpuFields.slice(0, -1);

/** Whether the words say that a field of the query is not known. */
export function isUnknownField(text: string): boolean {
  return /is not a valid field to query/i.test(text);
}

/**
 * A line of `nvidia-smi --query-gpu=<gpuFields> --format=csv,noheader,nounits`. Total; what is no reading of a GPU is words:
 * "No devices were found", "Failed to initialize NVML: …", "Unable to determine the device handle for GPU …". A single field
 * may be `[N/A]`, `[Not Supported]`, `[Unknown Error]`, `[GPU is lost]`, `[Insufficient Permissions]` or `ERR!` instead of a number.
 */
export function toGpuLine(line: string): ParsedLine {
  const text = line.trim();
  if (text === "") return { kind: "blank" };
  const parts = text.split(",").map((part) => part.trim());
  const [index = "", uuid = "", ...rest] = parts;
  if (!/^\d+$/.test(index) || !/^GPU-[0-9a-f-]+$/i.test(uuid)) return { kind: "words", text: text.slice(0, 500) };
  // Names may have commas, memory never has: it is found from the end, with or without the field for MIG.
  const hasMig = /^(Enabled|Disabled|\[.*\]|N\/A)$/i.test(rest.at(-1) ?? "") && rest.length >= 5;
  const mig = hasMig ? rest.pop() : undefined;
  const [total, used, free] = rest.splice(-3).map(toBytes);
  // What the driver keeps for itself is neither used nor free: it is not to be had either.
  const taken = total === undefined || free === undefined ? 0 : total - free;
  return {
    kind: "gpu",
    gpu: {
      index: Number(index),
      uuid,
      name: rest.join(", "),
      totalBytes: total,
      usedBytes: used === undefined ? undefined : Math.max(used, taken),
      isMig: mig === "Enabled",
    },
  };
}

/** A number of MiB, with or without its unit, in bytes; undefined for whatever else a field may hold. */
export function toBytes(text: string | undefined): number | undefined {
  const found = /^(\d+)(?:\s*MiB)?$/.exec((text ?? "").trim());
  return found ? Number(found[1]) * mib : undefined;
}
