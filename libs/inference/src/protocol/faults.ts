import { expected } from "@pixelmesh/errors";

const kinds = ["oom", "error", "nan", "flat", "range", "stale", "hang", "crash"] as const;

/**
 * A fault that a host process is told to have, for tests. `oom` and `error`: the run fails so. `nan`, `flat`, `range`: it answers
 * so. `stale`: the runtime says that it ran and wrote nothing. `hang`: it never answers. `crash`: the process is killed.
 */
export type HostFault = {
  readonly kind: (typeof kinds)[number];
  /** Only for tiles whose longer side is above this. */
  readonly abovePx: number;
  /** Only in this run of a process, counted from 1; 0: in every one. */
  readonly run: number;
  /** Only in the first so many processes of a host. */
  readonly lives: number;
};

/**
 * A fault from its text: a kind and conditions, such as `oom:above=96` or `nan:run=2:lives=1`. INVALID_ARGUMENT for anything
 * else.
 */
export function parseHostFault(text: string): HostFault {
  const [kind, ...conditions] = text.split(":");
  const form = `one of ${kinds.join(", ")}, then :above=, :run= or :lives= with a number`;
  const known = kinds.find((each) => each === kind);
  if (known === undefined) throw expected("fault", form, text);
  const fault = { above: 0, run: 0, lives: Number.MAX_SAFE_INTEGER };
  for (const condition of conditions) {
    const [, name, value] = /^(above|run|lives)=(\d{1,9})$/.exec(condition) ?? [];
    if (name === undefined) throw expected("fault", form, text);
    fault[name as keyof typeof fault] = Number(value);
  }
  return { kind: known, abovePx: fault.above, run: fault.run, lives: fault.lives };
}
