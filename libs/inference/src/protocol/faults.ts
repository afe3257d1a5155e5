import { expected } from "@pixelmesh/errors";

const kinds = ["oom", "error", "nan", "flat", "range", "stale", "hang", "crash"] as const;

/**
 * A fault to inject into runs of a host process, for tests. `oom`, `error`: the run fails so. `nan`, `flat`, `range`: the output
 * has that defect. `stale`: the runtime reports success but writes no output. `hang`: the run never ends. `crash`: the process
 * is killed.
 */
export type HostFault = {
  readonly kind: (typeof kinds)[number];
  /** Only for tiles whose longer side is above this. */
  readonly abovePx: number;
  /** Only in this run of a process, counted from 1; 0: in every run. */
  readonly run: number;
  /** Only in the first processes of a host, up to this number. */
  readonly generations: number;
};

/**
 * Parses a fault: a kind and conditions, such as `oom:above=96` or `nan:run=2:generations=1`. Throws INVALID_ARGUMENT for any
 * other text.
 */
export function parseHostFault(text: string): HostFault {
  const [kind, ...conditions] = text.split(":");
  const form = `one of ${kinds.join(", ")}, then :above=, :run= or :generations= with a number`;
  const known = kinds.find((each) => each === kind);
  if (known === undefined) throw expected("fault", form, text);
  const fault = { above: 0, run: 0, generations: Number.MAX_SAFE_INTEGER };
  for (const condition of conditions) {
    const [, name, value] = /^(above|run|generations)=(\d{1,9})$/.exec(condition) ?? [];
    if (name === undefined) throw expected("fault", form, text);
    fault[name as keyof typeof fault] = Number(value);
  }
  return { kind: known, abovePx: fault.above, run: fault.run, generations: fault.generations };
}
