import { availableParallelism } from "node:os";
import { type ConfigOf, field } from "@pixelmesh/config";
import { workerFields } from "@pixelmesh/worker";

/** Settings of the effects service. */
export const effectsFields = {
  ...workerFields("effects"),
  chainThreads: field.integer(
    "PIXELMESH_EFFECTS_CHAIN_THREADS",
    String(Math.min(8, availableParallelism())),
    "Chains on larger pictures that are computed at once, each in a thread.",
    { defaultDoc: "number of cores, at most 8", min: 1, max: 64 },
  ),
} as const;

/** Values of `effectsFields`. */
export type EffectsConfig = ConfigOf<typeof effectsFields>;
