import { isJobEnded, type Job, JobState, type Pixelmesh } from "@pixelmesh/client";
import sharp from "sharp";

/** Creates a picture of 64×64 pixels, which takes hardly any work. */
export function makeTinyPicture(): Promise<Buffer> {
  const raw = { width: 64, height: 64, channels: 3 as const };
  return sharp(Buffer.alloc(64 * 64 * 3, 90), { raw })
    .png()
    .toBuffer();
}

/** Creates a job of one effect. Each contrast has its own result key. */
export function createTinyJob(client: Pixelmesh, bytes: Uint8Array, contrast: number): Promise<Job> {
  const parameters = { contrast: { kind: { $case: "number" as const, value: contrast } } };
  const operation = { $case: "applyEffects" as const, value: { effects: [{ name: "black_and_white", parameters }] } };
  return client.jobs.create({ pipeline: { steps: [{ id: "fx", operation }] }, pictures: [{ bytes }] });
}

/** Creates such a job and waits until it succeeds. Throws if it fails. */
export async function runTinyJob(client: Pixelmesh, bytes: Uint8Array, contrast: number): Promise<void> {
  const job = await createTinyJob(client, bytes, contrast);
  const ended = isJobEnded(job) ? job : await client.jobs.wait(job.id);
  if (ended.state !== JobState.SUCCEEDED) throw new Error(`A job failed: ${ended.error?.message}`);
}

/** Calls `act` `count` times, `inFlight` at once. */
export async function inParallel(count: number, inFlight: number, act: () => Promise<void>): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) await act();
    }),
  );
}
