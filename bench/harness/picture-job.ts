import { JobState, type Pixelmesh } from "@pixelmesh/client";
import type { ImageFormat, Step } from "@pixelmesh/proto";

/** One operation on one picture. */
export type PictureJob = {
  readonly picture: Uint8Array;
  readonly operation: NonNullable<Step["operation"]>;
  readonly format: ImageFormat;
};

/**
 * Runs a job that does not use the result cache, and downloads its result. Returns the milliseconds from the first byte sent to the last
 * received. Throws if the job fails.
 */
export async function runPictureJob(client: Pixelmesh, { picture, operation, format }: PictureJob): Promise<number> {
  const startMs = performance.now();
  const { id } = await client.jobs.create({
    pipeline: { steps: [{ id: "step", operation }], outputs: [{ name: "result", encoding: { format } }] },
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
