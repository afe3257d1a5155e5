import { setTimeout as sleep } from "node:timers/promises";
import { type Bus, hasWork, publishWork, type WorkService, workServices } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { type ReadyStep, readySteps, resultCovers, toWorkItem } from "@pixelmesh/pipeline";
import type { StepResult } from "@pixelmesh/proto";
import type { Metrics } from "@pixelmesh/telemetry";
import type { BlobClient, Results } from "@pixelmesh/worker";
import type { StoredJob } from "./job-store.ts";

/** A stored result that stands in for running a step. */
export type CachedStep = { readonly stepId: string; readonly key: string; readonly result: StepResult };

/** What dispatching needs. */
export type DispatchParts = {
  readonly bus: Bus;
  readonly results: Results;
  readonly blobs: BlobClient;
  readonly metrics: Metrics;
};

const redispatchAfterMs = 15_000;

/**
 * Sends every READY step on its way: those whose result is stored are answered, the others are published. It follows
 * from the state alone, so it is repeated after every change and after any crash; the broker drops repeats, and a step
 * that has waited for long is published again only if its message is gone.
 */
export async function dispatchReady(parts: DispatchParts, { spec, record }: StoredJob): Promise<CachedStep[]> {
  const keepUntilUnixMs = record.outputsExpireUnixMs;
  const cached = await Promise.all(
    readySteps(spec, record).map(async (ready): Promise<CachedStep | undefined> => {
      const result = ready.attempt === 1 ? await findResult(parts, ready, keepUntilUnixMs) : undefined;
      if (result) return { stepId: ready.stepId, key: ready.resultKey, result };
      const service = workServices.find((known) => known === ready.service);
      if (!service) throw new AppError("INTERNAL", `No service takes the work of ${ready.service}`);
      await publishReady(parts.bus, service, { spec, record }, ready, keepUntilUnixMs);
      return undefined;
    }),
  );
  return cached.filter((step) => step !== undefined);
}

async function publishReady(
  bus: Bus,
  service: WorkService,
  { spec, record }: Pick<StoredJob, "spec" | "record">,
  { index, delayMs, readyUnixMs }: ReadyStep,
  keepUntilUnixMs: number,
): Promise<void> {
  const nowUnixMs = Date.now();
  const item = toWorkItem(spec, record, index, { nowUnixMs, keepUntilUnixMs });
  if (nowUnixMs - readyUnixMs > redispatchAfterMs && (await hasWork(bus, service, item))) return;
  if (delayMs > 0) await sleep(delayMs);
  await publishWork(bus, service, item);
}

/** A stored result that has all that is wanted, with every blob there and kept long enough. */
async function findResult(
  { results, blobs, metrics }: DispatchParts,
  ready: ReadyStep,
  keepUntilUnixMs: number,
): Promise<StepResult | undefined> {
  if (ready.resultKey === "") return undefined;
  const found = await results.find(ready.resultKey);
  let usable = found !== undefined && resultCovers(found, ready);
  if (found && usable) {
    const digests = new Set(
      [found.frame, ...found.outputs.map(({ blob }) => blob)].flatMap((blob) => (blob ? [blob.sha256] : [])),
    );
    usable = (await Promise.all([...digests].map((sha256) => blobs.extend(sha256, keepUntilUnixMs)))).every(Boolean);
  }
  metrics.count("pixelmesh_cache_requests_total", { cache: "result", result: usable ? "hit" : "miss" });
  return usable ? found : undefined;
}
