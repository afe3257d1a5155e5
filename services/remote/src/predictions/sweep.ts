import type { Store } from "@pixelmesh/bus";
import { isJobEnded, isStepEnded } from "@pixelmesh/pipeline";
import type { JobRecord } from "@pixelmesh/proto";
import type { CallParts, OpenProvider } from "../calls/call-parts.ts";
import { cancelAtProvider, forgetPrediction } from "../calls/end-prediction.ts";
import type { ManifestModel } from "../domain/manifest.ts";
import type { StoredPrediction } from "./prediction-store.ts";

/** Dependencies of the sweep. */
export type SweepParts = {
  readonly calls: CallParts;
  readonly records: Pick<Store<JobRecord>, "get">;
  readonly models: ReadonlyMap<string, ManifestModel>;
  readonly providers: ReadonlyMap<string, OpenProvider>;
};

/** Entries of one sweep, and how many of them are looked at side by side. */
const maxEntries = 256;
const sideBySide = 4;
/** A younger entry is left alone: its job may not be read yet. */
const minAgeMs = 30_000;

/**
 * Looks at up to 256 predictions, from `start` on in the order of their keys and around. Those of jobs that are gone or have ended are cancelled at their
 * providers and removed. Returns where the next sweep begins.
 */
export async function sweepPredictions(parts: SweepParts, start: number): Promise<number> {
  const keys = (await parts.calls.predictions.list()).sort((a, b) => (toText(a) < toText(b) ? -1 : 1));
  if (keys.length === 0) return 0;
  const begin = start % keys.length;
  const chosen = [...keys.slice(begin), ...keys.slice(0, begin)].slice(0, maxEntries);
  const left = chosen[Symbol.iterator]();
  const workers = Array.from({ length: sideBySide }, async () => {
    for (const key of left) {
      const stored = await parts.calls.predictions.find(key);
      if (stored && (await isOrphan(parts, stored))) await endOrphan(parts, stored);
    }
  });
  await Promise.all(workers);
  return begin + chosen.length;
}

async function isOrphan({ calls, records }: SweepParts, { key, entry }: StoredPrediction): Promise<boolean> {
  if (calls.nowUnixMs() - entry.calledUnixMs < minAgeMs) return false;
  const record = (await records.get(`record.${key.jobId}`))?.value;
  const step = record?.steps.find(({ id }) => id === key.stepId);
  return record === undefined || step === undefined || isJobEnded(record.state) || isStepEnded(step.state);
}

/** The provider of an entry may no longer be in the manifest: then it can only be removed. */
async function endOrphan({ calls, models, providers }: SweepParts, stored: StoredPrediction): Promise<void> {
  const { entry } = stored;
  const provider = providers.get(entry.provider)?.provider;
  const model = models.get(entry.model);
  if (provider && model && entry.predictionId !== "") {
    if (!(await cancelAtProvider(calls, provider, model, entry.predictionId))) return;
  }
  // Without an id it is unknown whether the call was made. Its estimate counts as spent.
  await forgetPrediction(calls, stored, entry.reservedMicros);
  calls.base.metrics.count("pixelmesh_predictions_orphaned_total", { provider: entry.provider });
  const { jobId, stepId } = stored.key;
  calls.base.log.info({ jobId, stepId, provider: entry.provider }, "prediction of an ended job removed");
}

function toText({ tenant, jobId, stepId }: StoredPrediction["key"]): string {
  return `${tenant}.${jobId}.${stepId}`;
}
