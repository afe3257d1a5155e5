import type { RunFlags } from "../run/flags.ts";
import type { GivenAddress } from "../run/open-mesh.ts";

/** What `watch` was asked for. The pictures of the flags are the folder alone. */
export type WatchFlags = RunFlags &
  GivenAddress & {
    readonly folder: string;
    /** How long size and times of a file stay the same until it is taken. */
    readonly settleMs: number;
    /** Whether the command ends when all pictures that are there are processed. */
    readonly isOnce: boolean;
  };
