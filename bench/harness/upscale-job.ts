import type { Pixelmesh } from "@pixelmesh/client";
import { ImageFormat } from "@pixelmesh/proto";
import { runPictureJob } from "./picture-job.ts";

/** One upscale, which does not use the result cache. */
export type UpscaleJob = { readonly picture: Uint8Array; readonly model: string; readonly scale: number };

/** Runs a job and downloads its JPEG. Returns the milliseconds from the first byte sent to the last received. Throws if the job fails. */
export function runUpscaleJob(client: Pixelmesh, { picture, model, scale }: UpscaleJob): Promise<number> {
  const operation = { $case: "upscale", value: { scale, model } } as const;
  return runPictureJob(client, { picture, operation, format: ImageFormat.JPEG });
}
