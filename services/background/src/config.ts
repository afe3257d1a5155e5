import { availableParallelism } from "node:os";
import { type ConfigOf, field } from "@pixelmesh/config";
import { modelFields, workerFields } from "@pixelmesh/worker";

/** Settings of the background service. */
export const backgroundFields = {
  ...workerFields("background"),
  ...modelFields("BACKGROUND"),
  pictureThreads: field.integer(
    "PIXELMESH_BACKGROUND_PICTURE_THREADS",
    String(Math.min(8, availableParallelism())),
    "Pictures that are cut out or composed at once in threads, each in one: those above 16 megapixels, and above 2 with another picture or a blur behind.",
    { defaultDoc: "number of cores, at most 8", min: 1, max: 64 },
  ),
} as const;

/** Values of `backgroundFields`. */
export type BackgroundConfig = ConfigOf<typeof backgroundFields>;
