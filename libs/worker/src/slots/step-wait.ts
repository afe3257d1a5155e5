import { type SlotQueued, StepWait, WaitReason } from "@pixelmesh/proto";

/** Is told what a step waits for, at each change; undefined: it no longer waits. */
export type OnWait = (wait: StepWait | undefined) => void;

/** The scheduler's words for a wait; see `SlotQueued.why`. */
const reasons: ReadonlyMap<string, WaitReason> = new Map([
  ["memory", WaitReason.MEMORY],
  ["others", WaitReason.OTHER_PROGRAMS],
  ["quarantine", WaitReason.QUARANTINE],
  ["pinned", WaitReason.PINNED_MODELS],
  ["zone", WaitReason.PRESSURE],
  ["takeover", WaitReason.TAKEOVER],
  ["class", WaitReason.CLASS],
  ["company", WaitReason.COMPANY],
  ["tokens", WaitReason.COMPUTE],
  ["reservation", WaitReason.RESERVATION],
  ["stale", WaitReason.NO_DEVICE],
  ["provider_closed", WaitReason.PROVIDER_CLOSED],
  ["tenant_calls", WaitReason.TENANT_CALLS],
  ["model_calls", WaitReason.MODEL_CALLS],
]);

/** Converts the scheduler's notice. The reason is UNSPECIFIED for a word of a later release. */
export function toStepWait({ why, position, deviceId }: SlotQueued): StepWait {
  return { reason: reasons.get(why) ?? WaitReason.UNSPECIFIED, position, deviceId };
}

/** A wait outside the scheduler's queue. */
export function waitFor(reason: WaitReason): StepWait {
  return StepWait.create({ reason });
}

/** Tells `onWait` that a step waits for `reason` until `work` ends. */
export async function whileWaiting<T>(
  onWait: OnWait | undefined,
  reason: WaitReason,
  work: () => Promise<T>,
): Promise<T> {
  onWait?.(waitFor(reason));
  try {
    return await work();
  } finally {
    onWait?.(undefined);
  }
}
