import type { ConfigOf } from "@pixelmesh/config";
import { workerFields } from "@pixelmesh/worker";

/** Settings of the effects service. */
export const effectsFields = { ...workerFields("EFFECTS", 7405) } as const;

/** Values of `effectsFields`. */
export type EffectsConfig = ConfigOf<typeof effectsFields>;
