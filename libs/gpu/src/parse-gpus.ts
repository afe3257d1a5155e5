/** A GPU from one line of `--query-gpu`. Bytes are undefined if the driver does not report them. */
export type GpuLine = {
  readonly index: number;
  /** `GPU-…`: the same in every process. */
  readonly uuid: string;
  readonly name: string;
  readonly totalBytes: number | undefined;
  readonly usedBytes: number | undefined;
  /** Whether the GPU is divided into MIG instances. Then the instances are the devices. */
  readonly isMig: boolean;
};

/** A parsed line: a reading of a GPU, a message of the tool or driver, or a blank line. */
export type ParsedLine =
  | { readonly kind: "gpu"; readonly gpu: GpuLine }
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "blank" };

const mib = 1024 ** 2;

/** The fields of the query, in this order. Drivers before MIG (R450) refuse the last one with a message. */
export const gpuFields = ["index", "uuid", "name", "memory.total", "memory.used", "memory.free", "mig.mode.current"];

/** The fields that every driver knows. */
export const oldGpuFields = gpuFields.slice(0, -1);

/** Whether a message says that a field of the query is unknown. */
export function isUnknownField(text: string): boolean {
  return /is not a valid field to query/i.test(text);
}

/**
 * Parses a line of `nvidia-smi --query-gpu=<gpuFields> --format=csv,noheader,nounits`. Never throws: a line that is no reading is
 * a message, such as "No devices were found", "Failed to initialize NVML: …" or "Unable to determine the device handle for GPU …".
 * A field may be `[N/A]`, `[Not Supported]`, `[Unknown Error]`, `[GPU is lost]`, `[Insufficient Permissions]` or `ERR!`.
 */
export function toGpuLine(line: string): ParsedLine {
  const text = line.trim();
  if (text === "") return { kind: "blank" };
  const parts = text.split(",").map((part) => part.trim());
  const [index = "", uuid = "", ...rest] = parts;
  if (!/^\d+$/.test(index) || !/^GPU-[0-9a-f-]+$/i.test(uuid)) return { kind: "message", text: text.slice(0, 500) };
  // Names may contain commas, memory never does: it is read from the end, with or without the field for MIG.
  const hasMig = /^(Enabled|Disabled|\[.*\]|N\/A)$/i.test(rest.at(-1) ?? "") && rest.length >= 5;
  const mig = hasMig ? rest.pop() : undefined;
  const [total, used, free] = rest.splice(-3).map(toBytes);
  // Memory that the driver reserves is neither used nor free. It counts as used, because it is not available.
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

/** Converts a number of MiB, with or without the unit, to bytes; undefined for any other text. */
export function toBytes(text: string | undefined): number | undefined {
  const found = /^(\d+)(?:\s*MiB)?$/.exec((text ?? "").trim());
  return found ? Number(found[1]) * mib : undefined;
}
