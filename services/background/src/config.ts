import type { ConfigOf } from "@pixelmesh/config";
import { modelFields, workerFields } from "@pixelmesh/worker";

/** Settings of the background service. */
export const backgroundFields = { ...workerFields("BACKGROUND", 7404), ...modelFields("BACKGROUND") } as const;

/** Values of `backgroundFields`. */
export type BackgroundConfig = ConfigOf<typeof backgroundFields>;
