import type { ConfigOf } from "@pixelmesh/config";
import { modelFields, workerFields } from "@pixelmesh/worker";

/** Settings of the upscale service. */
export const upscaleFields = { ...workerFields("upscale"), ...modelFields("UPSCALE") } as const;

/** Values of `upscaleFields`. */
export type UpscaleConfig = ConfigOf<typeof upscaleFields>;
