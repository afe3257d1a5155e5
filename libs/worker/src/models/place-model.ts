import type { AvailableModel } from "@pixelmesh/inference";
import { WorkClass } from "@pixelmesh/proto";
import type { StepOption } from "../step-handler.ts";
import type { Models } from "./open-models.ts";

/** The part of a slot request about a model: its devices, the host that has or would load it, and whether it is loaded. */
export async function placeModel({ pool, deviceIds }: Models, model: AvailableModel) {
  const hosts = await pool.describe();
  const candidates = deviceIds.map((deviceId) => ({ deviceId, hostId: pool.hostId(model, deviceId) }));
  const isWarm = (hostId: string) =>
    hosts.some((host) => host.hostId === hostId && host.models.some(({ digest }) => digest === model.digest));
  const hostId = (candidates.find((candidate) => isWarm(candidate.hostId)) ?? candidates[0])?.hostId ?? "";
  const heldBytes = hosts.find((host) => host.hostId === hostId)?.usedBytes ?? 0;
  const deviceId = candidates.find((candidate) => candidate.hostId === hostId)?.deviceId;
  const evictionDelayMs = await pool.evictionDelayMs(model, deviceId);
  const isCold = !isWarm(hostId);
  return {
    deviceIds: [...deviceIds],
    hostId,
    heldBytes,
    evictionDelayMs,
    isCold,
    model: model.name,
    modelDigest: model.digest,
  };
}

/** Compute tokens of a run: the threads on a processor, the share of the model's class on a GPU. */
export function modelTokens({ gpus, threads }: Models, { workClass }: AvailableModel): number {
  if (gpus === undefined) return threads;
  return { light: 1, heavy: 2, exclusive: 4 }[workClass];
}

/** Each narrow host takes this memory once more while it is in use, and for half a minute after. */
const maxNarrowBytes = 768 * 2 ** 20;

/**
 * Returns the options of a model with, after the first, one for every narrow host that may run it. While other work waits, the scheduler prefers a
 * narrow host (docs/adr/0084). Other options get none: a smaller tile is chosen for its memory. For short runs only, because a run keeps the
 * threads that it began with.
 */
export function withNarrowHosts(
  { pool, deviceIds, gpus }: Models,
  model: AvailableModel,
  options: readonly StepOption[],
): StepOption[] {
  const [first, ...others] = options;
  if (gpus !== undefined || first === undefined || first.peakBytes > maxNarrowBytes) return [...options];
  const { ids, tokens } = pool.narrowHosts(model, deviceIds[0]);
  return [first, ...ids.map((hostId) => ({ ...first, computeTokens: tokens, hostId })), ...others];
}

/** Converts a model's work class to the scheduler's. */
export function toWorkClass(workClass: "light" | "heavy" | "exclusive"): WorkClass {
  if (workClass === "light") return WorkClass.LIGHT;
  return workClass === "heavy" ? WorkClass.HEAVY : WorkClass.EXCLUSIVE;
}
