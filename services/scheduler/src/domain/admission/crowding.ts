import type { Device } from "../devices/device.ts";
import { type AdmissionContext, mustRunAlone } from "./predict-option.ts";
import type { WaitingRequest } from "./queue.ts";
import type { SlotRequest } from "./slot-request.ts";

/** Requests of the queue that are looked at: those behind them run much later, and a pass asks for each of up to 1,024 requests. */
const maxLooked = 32;

/**
 * Returns whether another request near the head of the queue waits for the device's cores and could run beside this one if both took their
 * fewest compute tokens. Only then do few threads serve both sooner.
 */
export function isCrowded(
  device: Device,
  { callId, request }: WaitingRequest,
  entries: readonly WaitingRequest[],
  context: AdmissionContext,
): boolean {
  const freeTokens = device.tokens - fewestTokens(request);
  return entries.slice(0, maxLooked).some(({ callId: otherId, request: other }) => {
    const tokens = fewestTokens(other);
    return (
      otherId !== callId &&
      tokens > 0 &&
      tokens <= freeTokens &&
      other.deviceIds.includes(device.deviceId) &&
      mayRunBeside(request, other, context) &&
      !mustRunAlone(device, other, 0, context)
    );
  });
}

/** Whether the classes of two requests may run at the same time on one device. */
function mayRunBeside({ workClass }: SlotRequest, other: SlotRequest, { rules }: AdmissionContext): boolean {
  if (workClass === other.workClass) return rules.classSlots[workClass] > 1;
  return workClass !== "exclusive" && other.workClass !== "exclusive";
}

function fewestTokens({ options }: SlotRequest): number {
  return Math.min(...options.map(({ computeTokens }) => computeTokens));
}
