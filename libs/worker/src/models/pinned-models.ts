import { setTimeout as sleep } from "node:timers/promises";
import { toAppError } from "@pixelmesh/errors";
import { Priority } from "@pixelmesh/proto";
import type { WorkerParts } from "../open-worker.ts";
import { loadModel } from "./load-model.ts";
import type { Models } from "./open-models.ts";

const checkEveryMs = 2_000;
const admissionTimeoutMs = 60_000;

/**
 * Keeps pinned models loaded until the service stops: loads those of the settings at the start, and any whose host has ended since. Each load
 * takes a slot with batch priority, after all waiting interactive work.
 */
export function keepPinnedModels(parts: WorkerParts, models: Models): void {
  const { life, log } = parts.base;
  const closing = new AbortController();
  const loggedReasons = new Map<string, string>();

  async function load(name: string): Promise<void> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(admissionTimeoutMs)]);
    try {
      const model = models.registry.find(name);
      const report = await loadModel(parts, models, model, { pin: true, priority: Priority.BATCH, signal });
      loggedReasons.delete(name);
      log.info({ model: name, loadMs: Math.round(report.loadMs) }, "pinned model is loaded");
    } catch (error) {
      const { reason } = toAppError(error);
      // Logged once for each reason, because it is retried every few seconds.
      if (loggedReasons.get(name) !== reason && !closing.signal.aborted)
        log.warn({ model: name, err: error }, "pinned model is not loaded");
      loggedReasons.set(name, reason);
    }
  }
  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      const loaded = (await models.pool.describe()).flatMap((host) => host.models);
      for (const name of models.pool.pins) {
        if (!loaded.some((model) => model.name === name && model.pinned)) await load(name);
      }
      await sleep(checkEveryMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  }
  const watching = watch();
  life.defer("pinned models", async () => {
    closing.abort();
    await watching;
  });
}
