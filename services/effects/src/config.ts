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
  previewConcurrency: field.integer(
    "PIXELMESH_EFFECTS_PREVIEW_CONCURRENCY",
    "4",
    "Previews that are made at once, and sources that are decoded for them at once. At most 64 more of each wait for their turn.",
    { min: 1, max: 64 },
  ),
  previewSourcesBytes: field.byteSize(
    "PIXELMESH_EFFECTS_PREVIEW_SOURCES_MEMORY",
    "32MiB",
    "Memory for small copies of the pictures that were previewed last.",
    { min: 8 * 1024 * 1024 },
  ),
  previewResultsBytes: field.byteSize(
    "PIXELMESH_EFFECTS_PREVIEW_RESULTS_MEMORY",
    "16MiB",
    "Memory for the previews that were made last.",
    { min: 1024 * 1024 },
  ),
} as const;

/** Values of `effectsFields`. */
export type EffectsConfig = ConfigOf<typeof effectsFields>;
