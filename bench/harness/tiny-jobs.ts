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

/** Where the time of one job went, in milliseconds. */
export type JobTimes = {
  /** Until the call that created it returned. */
  readonly createMs: number;
  /** Until its caller knew that it had ended. */
  readonly allMs: number;
  /** By the clock of ingest: until its record said that it had ended. */
  readonly storedMs: number;
  readonly waitMs: number;
  readonly runMs: number;
};

/** Creates such a job and waits until it succeeds. Throws if it fails. */
export async function runTinyJob(client: Pixelmesh, bytes: Uint8Array, contrast: number): Promise<JobTimes> {
  const startMs = performance.now();
  const job = await createTinyJob(client, bytes, contrast);
  const createMs = Math.round(performance.now() - startMs);
  const ended = isJobEnded(job) ? job : await client.jobs.wait(job.id);
  if (ended.state !== JobState.SUCCEEDED) throw new Error(`A job failed: ${ended.error?.message}`);
  const { waitMs = 0, runMs = 0 } = ended.steps[0] ?? {};
  const storedMs = ended.finishedUnixMs - ended.createdUnixMs;
  return { createMs, allMs: Math.round(performance.now() - startMs), storedMs, waitMs, runMs };
}

/** Calls `act` `count` times, `inFlight` at once. */
export async function inParallel(count: number, inFlight: number, act: () => Promise<unknown>): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) await act();
    }),
  );
}
