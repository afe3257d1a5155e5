import type { Job, Pixelmesh } from "@pixelmesh/client";
import { decodePicture, defaultLimits, type Frame } from "@pixelmesh/imaging";

/** Downloads the bytes of an output. */
export async function download(client: Pixelmesh, job: Job, output: string): Promise<Buffer> {
  const { chunks } = await client.jobs.download(job.id, output);
  return Buffer.concat(await Array.fromAsync(chunks));
}

/** Downloads an output and decodes its pixels. */
export async function downloadFrame(client: Pixelmesh, job: Job, output: string): Promise<Frame> {
  return (await decodePicture(await download(client, job, output), defaultLimits)).frame;
}
