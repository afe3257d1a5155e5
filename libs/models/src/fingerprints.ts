import { stat } from "node:fs/promises";
import { loadRegistry, type ModelStatus, type ModelTask } from "@pixelmesh/inference";

/** A text for each task, which differs when the models that a service of the task can run differ. */
export type ModelFingerprints = Readonly<Record<ModelTask, string>>;

/**
 * Reads the models of these directories. With `untilMs` (of the clock of files, since 1970), files that came later count as missing. Throws
 * INVALID_ARGUMENT for an invalid manifest.
 */
export async function readFingerprints(dirs: readonly string[], untilMs?: number): Promise<ModelFingerprints> {
  const statuses = (await loadRegistry({ dirs })).list();
  const texts = await Promise.all(
    statuses.map(async (status) => ({ task: status.entry.task, text: await toText(status, untilMs) })),
  );
  const of = (wanted: ModelTask) => texts.flatMap(({ task, text }) => (task === wanted ? [text] : [])).join("\n");
  return { upscale: of("upscale"), matte: of("matte") };
}

async function toText({ entry, available }: ModelStatus, untilMs = Number.POSITIVE_INFINITY): Promise<string> {
  // The time of the file's name: a pulled file is renamed when it is complete.
  const facts = available === null ? null : await stat(available.path).catch(() => null);
  const isThere = facts !== null && facts.ctimeMs <= untilMs;
  return JSON.stringify([entry, isThere ? available?.digest : null]);
}
