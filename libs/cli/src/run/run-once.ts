import { basename } from "node:path";
import type { Pixelmesh } from "@pixelmesh/client";
import type { PictureResult } from "./document.ts";
import { toFailure } from "./failure.ts";
import { type Finished, finishedKey, type Origin } from "./finished.ts";
import { type PictureEvents, type PictureTask, runPicture } from "./run-picture.ts";

/** How finished pictures are known and noted. */
export type FinishedUse = {
  readonly finished: Finished | undefined;
  /** Of a picture of a watched folder. */
  readonly origin?: Origin;
  /** Whether the file is still the one whose content was digested. Otherwise its result is not noted. Default: it is. */
  readonly isUnchanged?: () => Promise<boolean>;
};

/** Runs a picture, unless an earlier command has finished it with the same contents and settings. Never throws. */
export async function runOnce(
  client: Pixelmesh,
  task: PictureTask,
  events: PictureEvents,
  signal: AbortSignal,
  { finished, origin, isUnchanged = async () => true }: FinishedUse,
): Promise<PictureResult> {
  const key = finished && (await keyOf(task));
  const outputs = key === undefined ? undefined : finished?.find(key);
  if (outputs) return { path: task.path, job: undefined, outputs, failure: undefined, isSkipped: true };
  const result = await runPicture(client, task, events, signal);
  if (finished === undefined || key === undefined || result.failure !== undefined) return result;
  try {
    if (await isUnchanged()) await finished.add(key, result.outputs, origin);
    return result;
  } catch (error) {
    const { reason, message } = toFailure(error);
    const text = `The outputs are written, but the list of finished pictures is not: ${message}`;
    return { ...result, failure: { reason, message: text }, cause: error };
  }
}

function keyOf({ path, flags, pipeline, feature, effectPictures, pathOf }: PictureTask): Promise<string | undefined> {
  const background = flags.background?.kind === "picture" ? [flags.background.path] : [];
  const files = [path, ...background, ...effectPictures.map((picture) => picture.path)];
  const { quality, allowDegraded } = flags;
  const place = basename(pathOf("result", "png"));
  return finishedKey(files, { pipeline, ...(feature ? { feature } : {}), quality, allowDegraded, place });
}
