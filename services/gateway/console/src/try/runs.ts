import { computed, signal } from "@preact/signals";
import { ApiError, toErrorText } from "../api/api-error.ts";
import { createJob } from "../api/jobs.ts";
import { requestJson } from "../api/request.ts";
import type { Job } from "../api/types.ts";
import { pause } from "../api/watch-job.ts";
import { picturesOfDraft } from "../pipeline/draft.ts";
import { toPipeline } from "../pipeline/to-pipeline.ts";
import { announce } from "../ui/announce.tsx";
import { catalogue, draft } from "./draft-state.ts";
import { activeKey, forgetStored, furtherPictures, pictures, storePicture, type TryPicture } from "./pictures.ts";

/** The job of a picture. */
export type Run = { readonly pictureKey: number; readonly job: Job };

/** The newest job of each picture. */
export const runs = signal<readonly Run[]>([]);

/** Why the newest run could not begin. */
export const runError = signal<unknown>(undefined);

/** Whether jobs are being created. */
export const isStarting = signal(false);

/** The job of the picture that is shown. */
export const activeRun = computed(() => runs.value.find(({ pictureKey }) => pictureKey === activeKey.value));

/** Remembers the state of a job. */
export function updateRun(job: Job): void {
  runs.value = runs.value.map((run) => (run.job.id === job.id ? { ...run, job } : run));
}

/** Creates a job of the draft for every chosen picture. */
export async function startRuns(): Promise<void> {
  isStarting.value = true;
  runError.value = undefined;
  try {
    for (const picture of pictures.value) {
      const job = await createFor(picture);
      runs.value = [
        ...runs.value.filter(({ pictureKey }) => pictureKey !== picture.key),
        { pictureKey: picture.key, job },
      ];
    }
    announce(pictures.value.length === 1 ? "The job runs" : `${pictures.value.length} jobs run`);
  } catch (error) {
    runError.value = error;
  } finally {
    isStarting.value = false;
  }
}

async function createFor(picture: TryPicture): Promise<Job> {
  const pipeline = toPipeline(draft.value, catalogue.value);
  const used = picturesOfDraft(draft.value);
  const further = furtherPictures.value.filter(({ sentAs }) => used.includes(sentAs));
  const { signal } = new AbortController();
  const store = async (name: string, one: TryPicture) => ({ name, sha256: (await storePicture(one)).sha256 });
  const create = async () => {
    const sources = [store("source", picture), ...further.map((one) => store(one.sentAs, one))];
    return createJob(pipeline, await Promise.all(sources), signal);
  };
  try {
    return await create();
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "BLOB_NOT_FOUND") throw error;
    for (const one of [picture, ...further]) forgetStored(one);
    return create();
  }
}

/**
 * Reads the state of the jobs that are not shown every two seconds, until `signal` aborts. They are not watched, because a browser opens six connections to
 * one server.
 */
export async function pollOtherRuns(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { pictureKey, job } of runs.value) {
      if (pictureKey === activeKey.value || job.state !== "RUNNING" || signal.aborted) continue;
      try {
        updateRun(await requestJson<Job>(`/v1/jobs/${encodeURIComponent(job.id)}`, { signal }));
      } catch (error) {
        if (!signal.aborted) announce(toErrorText(error));
      }
    }
    await pause(2_000, signal).catch(() => undefined);
  }
}
