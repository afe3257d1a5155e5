import { setTimeout as sleep } from "node:timers/promises";
import { toAppError } from "@pixelmesh/errors";
import { Priority } from "@pixelmesh/proto";
import type { WorkerParts } from "../open-worker.ts";
import { loadAdmitted } from "./load-model.ts";
import type { Models } from "./open-models.ts";

const lookEveryMs = 2_000;
const admissionTimeoutMs = 60_000;

/**
 * Loads pinned models that are not in memory: those of the settings at the start, and any whose host has died since. Each
 * takes a slot like other work, after everybody who waits. Ends with the service.
 */
export function keepModels(parts: WorkerParts, models: Models): void {
  const { life, log } = parts.base;
  const closing = new AbortController();
  const told = new Map<string, string>();

  async function keep(name: string): Promise<void> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(admissionTimeoutMs)]);
    try {
      const model = models.registry.find(name);
      const report = await loadAdmitted(parts, models, model, { pin: true, priority: Priority.BATCH, signal });
      told.delete(name);
      log.info({ model: name, loadMs: Math.round(report.loadMs) }, "pinned model is loaded");
    } catch (error) {
      const { reason } = toAppError(error);
      // Once for each reason: it is tried again every few seconds.
      if (told.get(name) !== reason && !closing.signal.aborted)
        log.warn({ model: name, err: error }, "pinned model is not here");
      told.set(name, reason);
    }
  }
  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      const residents = (await models.pool.describe()).flatMap((host) => host.models);
      for (const name of models.pool.pins) {
        if (!residents.some((model) => model.name === name && model.pinned)) await keep(name);
      }
      await sleep(lookEveryMs, undefined, { signal: closing.signal }).catch(() => {});
    }
  }
  const watching = watch();
  life.defer("pinned models", async () => {
    closing.abort();
    await watching;
  });
}
