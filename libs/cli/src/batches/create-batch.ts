import { AppError, type Batch, type Pixelmesh, Priority, Quality } from "@pixelmesh/client";
import { UsageError } from "@pixelmesh/flag-values";
import { toBatchJson } from "@pixelmesh/json-views";
import { type OperationCase, validatePipeline } from "@pixelmesh/pipeline";
import { Pipeline } from "@pixelmesh/proto";
import { type CliIo, isPlain } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { type PipelinePlan, planPipeline } from "../run/plan-pipeline.ts";
import type { CreateBatchFlags } from "./create-flags.ts";
import { describeBatch, describeFailures } from "./describe-batch.ts";
import { isAllSucceeded } from "./follow-batch.ts";
import { followWithOutputs } from "./follow-with-outputs.ts";
import { createOverallProgress, type OverallProgress } from "./overall-progress.ts";
import { type BatchPictures, sendPictures } from "./send-pictures.ts";
import { countFailures } from "./show-batch.ts";

/** Runs `batches create` and resolves with the exit code: 1 where a picture cannot be read, a job does not succeed, or an output cannot be fetched. */
export async function createBatch(flags: CreateBatchFlags, io: CliIo): Promise<number> {
  const { stderr, env } = io;
  const progress = createOverallProgress(stderr, { isPlain: isPlain(stderr, env), isQuiet: flags.run.quiet });
  try {
    return await withMesh(io, flags.run.address, async (client) => {
      const { pictures, batch } = await sendBatch(client, flags, progress, io.stopping);
      if (!flags.run.json) progress.print(() => io.stdout.write(`${batch.id}\n`));
      if (!flags.isDetached) return await finishBatch(client, { flags, pictures, batch, progress, io });
      progress.close();
      if (flags.run.json) io.stdout.write(toDocument({ ...toBatchJson(batch), leftOut: pictures.leftOut }));
      return pictures.leftOut.length === 0 ? 0 : 1;
    });
  } finally {
    progress.close();
  }
}

/** Sends the pictures and creates their batch. A pipeline that the mesh would refuse is refused before anything is sent. */
async function sendBatch(
  client: Pixelmesh,
  flags: CreateBatchFlags,
  progress: OverallProgress,
  signal: AbortSignal,
): Promise<{ readonly pictures: BatchPictures; readonly batch: Batch }> {
  const { run } = flags;
  const plan = await planPipeline(run, client, signal);
  const [further] = plan.effectPictures;
  if (further !== undefined)
    throw new UsageError(
      `Expected effects without a picture of their own in a batch, whose jobs take one picture, got \`@${further.path}\`; \`pixelmesh run\` takes them`,
    );
  try {
    await assertPipeline(client, plan, signal);
    const pictures = await sendPictures(client, flags, progress, signal);
    const batch = await client.batches.create({
      ...(plan.feature ? { feature: plan.feature } : { pipeline: plan.pipeline }),
      pictures: pictures.sources,
      priority: run.priority === "batch" ? Priority.BATCH : Priority.INTERACTIVE,
      quality: Quality[run.quality.toUpperCase() as Uppercase<typeof run.quality>],
      allowDegraded: run.allowDegraded,
      noCache: run.noCache,
      refresh: run.refresh,
      labels: run.labels,
      ...(flags.requestId === undefined ? {} : { requestId: flags.requestId }),
      ...(run.deadlineMs === undefined ? {} : { jobTimeoutMs: run.deadlineMs }),
      signal,
    });
    return { pictures, batch };
  } catch (error) {
    throw toTyped(error, plan);
  }
}

/** Names the typed flags instead of fields of the request. */
function toTyped(error: unknown, { explain }: PipelinePlan): unknown {
  if (!(error instanceof AppError)) return error;
  const text = explain(error).message.replace("`header.labels`", "`--label`");
  return new AppError(error.reason, text, { metadata: error.metadata, cause: error });
}

/** Checks the pipeline as the mesh does, by its models and effects. */
async function assertPipeline(client: Pixelmesh, plan: PipelinePlan, signal: AbortSignal): Promise<void> {
  // It has the mesh expand and check a feature, and refuses what may not leave the mesh.
  if (plan.feature) {
    await client.estimateCost({ feature: plan.feature }, { signal });
    return;
  }
  const { pipeline } = plan;
  const whole = Pipeline.fromPartial(pipeline);
  const has = (name: OperationCase) => whole.steps.some(({ operation }) => operation?.$case === name);
  const catalogue = {
    upscaleModels: has("upscale") ? await client.models({ task: "upscale", signal }) : [],
    matteModels: has("removeBackground") ? await client.models({ task: "matte", signal }) : [],
    effects: has("applyEffects") ? await client.effects({ signal }) : [],
    remoteModels: has("remoteModel") ? (await client.remoteModels({ signal })).models : [],
  };
  validatePipeline(whole, ["source"], catalogue);
}

type Finish = {
  readonly flags: CreateBatchFlags;
  readonly pictures: BatchPictures;
  readonly batch: Batch;
  readonly progress: OverallProgress;
  readonly io: CliIo;
};

/** Follows the batch to its end, fetches outputs where that is asked for, and prints how it ended. */
async function finishBatch(client: Pixelmesh, given: Finish): Promise<number> {
  const { flags, pictures, batch, progress, io } = given;
  const signal = io.stopping;
  const ended = await followWithOutputs(client, batch.id, {
    ...{ places: flags.places && pictures.indexes.map((at) => flags.places?.[at]), atOnce: flags.run.picturesAtOnce },
    ...{ isJson: flags.run.json, isQuiet: flags.run.quiet, stdout: io.stdout, progress, signal },
  });
  const failures = ended.batch.jobsFailed > 0 ? await countFailures(client.batches, batch.id, signal) : [];
  progress.close();
  progress.note(`${describeBatch(ended.batch, false)}${describeFailures(failures)}`.trimEnd());
  const { leftOut } = pictures;
  if (flags.run.json) {
    const outputs = flags.places ? { outputs: ended.outputs } : {};
    const document = { ...toBatchJson(ended.batch), failures: Object.fromEntries(failures), leftOut, ...outputs };
    io.stdout.write(toDocument(document));
  }
  return isAllSucceeded(ended.batch) && leftOut.length === 0 && ended.notFetched === 0 ? 0 : 1;
}

function toDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
