import type { Readable } from "node:stream";
import {
  isJobEnded,
  type Job,
  type JobSettings,
  type PipelineInput,
  type Pixelmesh,
  Priority,
  Quality,
} from "@pixelmesh/client";
import { AppError, reasonFromEnum } from "@pixelmesh/errors";
import type { Failure } from "@pixelmesh/flag-values";
import { toFormatWord } from "@pixelmesh/json-views";
import { backgroundUpload } from "@pixelmesh/pipeline-flags";
import type { FeatureRequest } from "@pixelmesh/proto";
import type { PictureResult, SavedOutput } from "./document.ts";
import type { EffectPicture } from "./effect-pictures.ts";
import { toFailure } from "./failure.ts";
import type { RunFlags } from "./flags.ts";
import { openPicture } from "./picture-source.ts";
import { type WriteContext, writeOutput } from "./write-output.ts";

/** The work on one picture of a command. */
export type PictureTask = {
  readonly path: string;
  readonly flags: RunFlags;
  readonly pipeline: PipelineInput;
  /** In place of the pipeline, which is empty then. */
  readonly feature: FeatureRequest | undefined;
  /** Further pictures for effects. */
  readonly effectPictures: readonly EffectPicture[];
  /** Returns the path of an output in this format. Throws where no file of that name can be written. */
  readonly pathOf: (output: string, format: string) => string;
  /** Why no output of this picture can be written, in any format. The picture is then not uploaded. */
  readonly refusal: unknown;
  /** Rewrites a failure in terms of the command line. */
  readonly explain: (failure: Failure) => Failure;
  readonly streams: { readonly stdin?: Readable; readonly stdout?: WriteContext["stdout"] };
};

/** Progress of a picture, for clocks and progress bars. */
export type PictureEvents = {
  readonly onJob: (job: Job) => void;
  /** Called before bytes are sent, or after they are received. */
  readonly onTraffic: () => void;
};

const cancelTimeoutMs = 3_000;

/**
 * Uploads a picture, waits for its job and writes its outputs; of a failed job, the finished ones. Never throws: an error becomes
 * the result's `failure`. When the command is stopped, it cancels the job.
 */
export async function runPicture(
  client: Pixelmesh,
  task: PictureTask,
  events: PictureEvents,
  signal: AbortSignal,
): Promise<PictureResult> {
  const { path } = task;
  const outputs: SavedOutput[] = [];
  let job: Job | undefined;
  try {
    if (task.refusal !== undefined) throw task.refusal;
    job = await createJob(client, task, events, signal);
    for await (const seen of client.jobs.watch(job.id, { signal })) {
      job = seen;
      events.onTraffic();
      events.onJob(seen);
    }
    const ended = job;
    const ready = ended.outputs.filter((output) => output.ready);
    await Promise.all(
      ready.map(async ({ name }) => outputs.push(await saveOutput(client, ended.id, name, task, events, signal))),
    );
    return { path, job, outputs: inOrder(outputs, job), failure: failureOf(job, task) };
  } catch (error) {
    if (signal.aborted && job && !isJobEnded(job)) job = await cancel(client, job);
    const saved = job ? inOrder(outputs, job) : [];
    return { path, job, outputs: saved, failure: task.explain(toFailure(error)), cause: error };
  }
}

async function createJob(
  client: Pixelmesh,
  task: PictureTask,
  events: PictureEvents,
  signal: AbortSignal,
): Promise<Job> {
  const { path, flags, effectPictures } = task;
  const from = { stdin: task.streams.stdin, signal };
  const pictures = [await openPicture("source", path, from)];
  if (flags.background?.kind === "picture") {
    pictures.push(await openPicture(backgroundUpload, flags.background.path, from));
  }
  for (const picture of effectPictures) pictures.push(await openPicture(picture.name, picture.path, from));
  events.onTraffic();
  return client.jobs.create({
    ...toJobSettings(task),
    pictures,
    ...(flags.deadlineMs === undefined ? {} : { deadline: new Date(Date.now() + flags.deadlineMs) }),
    signal,
  });
}

/** Returns the settings of the job of a picture. */
export function toJobSettings({
  flags,
  pipeline,
  feature,
}: Pick<PictureTask, "flags" | "pipeline" | "feature">): JobSettings {
  return {
    ...(feature ? { feature } : { pipeline }),
    priority: flags.priority === "batch" ? Priority.BATCH : Priority.INTERACTIVE,
    quality: qualities[flags.quality],
    allowDegraded: flags.allowDegraded,
    noCache: flags.noCache,
    refresh: flags.refresh,
    labels: flags.labels,
  };
}

const qualities: Readonly<Record<RunFlags["quality"], Quality>> = {
  auto: Quality.AUTO,
  high: Quality.HIGH,
  balanced: Quality.BALANCED,
  fast: Quality.FAST,
};

async function saveOutput(
  client: Pixelmesh,
  jobId: string,
  output: string,
  task: PictureTask,
  events: PictureEvents,
  signal: AbortSignal,
): Promise<SavedOutput> {
  const { header, chunks } = await client.jobs.download(jobId, output, { signal });
  const format = toFormatWord(header.format);
  const path = task.pathOf(output, format);
  async function* timed() {
    for await (const chunk of chunks) {
      events.onTraffic();
      yield chunk;
    }
  }
  await writeOutput(path, timed(), { stdout: task.streams.stdout, signal });
  const { widthPx: width, heightPx: height, sizeBytes: bytes, sha256 } = header;
  return { name: output, path, width, height, format, bytes, sha256 };
}

function inOrder(outputs: readonly SavedOutput[], job: Job): SavedOutput[] {
  return job.outputs.flatMap(({ name }) => outputs.filter((output) => output.name === name));
}

function failureOf({ error }: Job, { explain }: PictureTask): Failure | undefined {
  return error && explain(toFailure(new AppError(reasonFromEnum(error.reason), error.message)));
}

async function cancel(client: Pixelmesh, job: Job): Promise<Job> {
  try {
    return await client.jobs.cancel(job.id, { signal: AbortSignal.timeout(cancelTimeoutMs) });
  } catch {
    return job;
  }
}
