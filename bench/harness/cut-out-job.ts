import { JobState, type Pixelmesh } from "@pixelmesh/client";
import { ImageFormat } from "@pixelmesh/proto";

/** Runs a cut-out that does not use the result cache, and downloads its PNG. Throws if the job fails. */
export async function runCutOutJob(client: Pixelmesh, picture: Uint8Array, model: string): Promise<void> {
  const { id } = await client.jobs.create({
    pipeline: {
      steps: [{ id: "cut", operation: { $case: "removeBackground", value: { model } } }],
      outputs: [{ name: "result", encoding: { format: ImageFormat.PNG } }],
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
}
