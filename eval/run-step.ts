import { AppError, type Job, JobState, type Pixelmesh, reasonFromEnum } from "@pixelmesh/client";
import { decodePicture, defaultLimits, encodeFrame, type Frame } from "@pixelmesh/imaging";
import { Encoding, ImageFormat, type Step } from "@pixelmesh/proto";

/** The result and times of a job with one step. */
export type StepRun = {
  readonly frame: Frame;
  /** From the first byte sent to the last received. */
  readonly wallMs: number;
  /** The step itself, from started to stored. */
  readonly stepMs: number;
  readonly provider: string;
  /** How sure a matte is, 0 to 1; undefined for other steps. */
  readonly confidence: number | undefined;
};

/** The step, the picture's file and the format of the result. */
export type StepTask = {
  readonly operation: NonNullable<Step["operation"]>;
  readonly bytes: Uint8Array;
  /** Default PNG, which is lossless. */
  readonly format?: ImageFormat;
};

/**
 * Runs one picture through a mesh like any client: uploaded, decoded, scheduled, run, encoded, downloaded. Does not use the
 * result cache. Throws the job's error, or INTERNAL if the result was degraded.
 */
export async function runStep(client: Pixelmesh, { operation, bytes, format }: StepTask): Promise<StepRun> {
  const startMs = performance.now();
  const { id } = await client.jobs.create({
    pipeline: {
      steps: [{ id: "step", operation }],
      outputs: [{ name: "result", encoding: { format: format ?? ImageFormat.PNG } }],
    },
    pictures: [{ bytes }],
    noCache: true,
  });
  const job = await client.jobs.wait(id);
  assertWhole(job);
  const { chunks } = await client.jobs.download(id, "result");
  const result = Buffer.concat(await Array.fromAsync(chunks));
  const wallMs = performance.now() - startMs;
  const { frame } = await decodePicture(result, defaultLimits);
  const step = job.steps[0];
  const { runMs: stepMs = Number.NaN, provider = "", confidence } = step ?? {};
  return { frame, wallMs, stepMs, provider, confidence };
}

/** Encodes a frame as the file to upload. */
export async function toPng(frame: Frame): Promise<Uint8Array> {
  return (await encodeFrame(frame, Encoding.fromPartial({ format: ImageFormat.PNG }))).bytes;
}

function assertWhole({ state, error, adaptations }: Job): void {
  if (state !== JobState.SUCCEEDED) {
    const reason = error ? reasonFromEnum(error.reason) : "INTERNAL";
    throw new AppError(reason, `The job failed: ${error?.message ?? "it gives no reason"}`);
  }
  if (adaptations.length > 0)
    throw new AppError("INTERNAL", `Expected no degradation, got ${JSON.stringify(adaptations)}`);
}
