import { JobState, type Pixelmesh } from "@pixelmesh/client";
import { ImageFormat } from "@pixelmesh/proto";

/** One upscale, which does not use the result cache. */
export type UpscaleJob = { readonly picture: Uint8Array; readonly model: string; readonly scale: number };

/** Runs a job and downloads its JPEG. Returns the milliseconds from the first byte sent to the last received. Throws if the job fails. */
export async function runUpscaleJob(client: Pixelmesh, { picture, model, scale }: UpscaleJob): Promise<number> {
  const startMs = performance.now();
  const { id } = await client.jobs.create({
    pipeline: {
      steps: [{ id: "upscale", operation: { $case: "upscale", value: { scale, model } } }],
      outputs: [{ name: "result", encoding: { format: ImageFormat.JPEG } }],
    },
    pictures: [{ bytes: picture }],
    noCache: true,
  });
  const job = await client.jobs.wait(id);
  if (job.state !== JobState.SUCCEEDED) throw new Error(`The job failed: ${job.error?.message}`);
  const { chunks } = await client.jobs.download(id, "result");
  for await (const _chunk of chunks) {
    // Only the arrival of the bytes is measured.
  }
  return performance.now() - startMs;
}
