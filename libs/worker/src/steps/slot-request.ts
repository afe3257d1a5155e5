import { setTimeout as sleep } from "node:timers/promises";
import { SlotRequest, type Step, WaitReason } from "@pixelmesh/proto";
import type { WorkerParts } from "../open-worker.ts";
import type { SlotAccount } from "../slots/slot-account.ts";
import { type OnWait, whileWaiting } from "../slots/step-wait.ts";
import type { SlotNeed } from "../step-handler.ts";
import type { StepWork } from "./step-work.ts";

/** Most waits for recently loaded models; after them the slot is requested anyway. */
const maxWaits = 10;

/** Returns the need of a step. Waits first if its model would evict one that was loaded recently. */
export async function waitForNeed(
  { handler, step, sizes, limits }: Pick<StepWork, "handler" | "step" | "sizes" | "limits">,
  signal: AbortSignal,
  onWait?: OnWait,
): Promise<SlotNeed> {
  for (let waits = 1; ; waits++) {
    const need = await handler.need(step, sizes, limits);
    if (!need.evictionDelayMs || waits >= maxWaits) return need;
    const { evictionDelayMs } = need;
    await whileWaiting(onWait, WaitReason.LOADED_MODEL, () => sleep(evictionDelayMs, undefined, { signal }));
  }
}

/** Builds the slot request of a step. Without device ids it is for this machine's memory. */
export function toSlotRequest(
  { base, device }: Pick<WorkerParts, "base" | "device">,
  step: Step,
  need: SlotNeed,
  account: SlotAccount,
): SlotRequest {
  return SlotRequest.fromPartial({
    service: base.service,
    instance: base.config.instance,
    deviceIds: [...(need.deviceIds ?? [device.deviceId])],
    jobId: account.jobId,
    stepId: step.id,
    tenant: account.tenant,
    workClass: need.workClass,
    priority: account.priority,
    deadlineUnixMs: account.deadlineUnixMs,
    options: need.options.map((option) => ({ ...option })),
    model: need.model ?? "",
    modelDigest: need.modelDigest ?? "",
    hostId: need.hostId ?? "",
    heldBytes: need.heldBytes ?? 0,
  });
}
