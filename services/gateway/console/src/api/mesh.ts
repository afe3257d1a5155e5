import { request, requestJson, withQuery } from "./request.ts";
import type { Batch, Cluster, DeadLetter, EffectDescription, Health, Model } from "./types.ts";

/** Returns the health of the mesh in words. */
export function fetchHealth(signal: AbortSignal): Promise<Health> {
  return requestJson<Health>("/v1/health", { signal, timeoutMs: 10_000 });
}

/** Returns devices, slots and queues. */
export function fetchCluster(signal: AbortSignal): Promise<Cluster> {
  return requestJson<Cluster>("/v1/cluster", { signal });
}

/** Returns every effect with its settings. */
export function fetchEffects(signal: AbortSignal): Promise<readonly EffectDescription[]> {
  return requestJson("/v1/effects", { signal });
}

/** Returns the models of all services. */
export function fetchModels(signal: AbortSignal): Promise<readonly Model[]> {
  return requestJson("/v1/models", { signal });
}

/** A change of a model: `pin` loads it, and keeps it in memory until it is unloaded. */
export type ModelAction = "load" | "pin" | "unload";

/** Loads, pins or unloads a model. */
export async function changeModel(name: string, action: ModelAction): Promise<void> {
  await request(`/v1/models/${encodeURIComponent(name)}:${action}`, { method: "POST", json: {}, timeoutMs: 120_000 });
}

/** Returns whether the gateway offers to load and unload models: not every mesh does. */
export async function offersModelChanges(signal: AbortSignal): Promise<boolean> {
  const { paths } = await requestJson<{ readonly paths: Readonly<Record<string, unknown>> }>("/openapi.json", {
    signal,
  });
  return Object.keys(paths).some((path) => /^\/v1\/models\/\{\w+\}:load$/.test(path));
}

/** Lists dead letters, oldest first. */
export function fetchDeadLetters(
  pageToken: string,
  signal: AbortSignal,
): Promise<{ readonly deadLetters: readonly DeadLetter[]; readonly nextPageToken: string }> {
  return requestJson(withQuery("/v1/dead-letters", { page_size: 100, page_token: pageToken }), { signal });
}

/** Retries a dead letter and deletes it. Returns the id of the new job; empty where the message was published again. */
export async function replayDeadLetter(sequence: number): Promise<string> {
  const path = `/v1/dead-letters/${sequence}:replay`;
  return (await requestJson<{ readonly jobId?: string }>(path, { method: "POST", json: {} })).jobId ?? "";
}

/** Deletes a dead letter. */
export async function dropDeadLetter(sequence: number): Promise<void> {
  await request(`/v1/dead-letters/${sequence}`, { method: "DELETE" });
}

/** Lists batches, newest first. */
export function fetchBatches(
  pageToken: string,
  signal: AbortSignal,
): Promise<{ readonly batches: readonly Batch[]; readonly nextPageToken: string }> {
  return requestJson(withQuery("/v1/batches", { page_size: 100, page_token: pageToken }), { signal });
}

/** Cancels what has not ended of a batch. */
export async function cancelBatch(id: string): Promise<void> {
  await request(`/v1/batches/${encodeURIComponent(id)}`, { method: "DELETE" });
}

/** Retries the failed jobs of a batch. */
export async function retryBatch(id: string): Promise<void> {
  await request(`/v1/batches/${encodeURIComponent(id)}:retry`, { method: "POST", json: {} });
}
