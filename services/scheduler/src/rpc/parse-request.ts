import { expected } from "@pixelmesh/errors";
import { Priority, type SlotOption, type SlotRequest as SlotRequestMessage, WorkClass } from "@pixelmesh/proto";
import type { SlotRequest } from "../domain/admission/slot-request.ts";

const maxDevices = 64;
const maxOptions = 16;

/** Parses a slot request; throws INVALID_ARGUMENT. `clock` gives the same moment on the wall clock and the scheduler's clock. */
export function parseSlotRequest(
  message: SlotRequestMessage,
  clock: { readonly unixMs: number; readonly nowMs: number },
): SlotRequest {
  const { service, instance, deviceIds, options } = message;
  if (service === "") throw expected("service", "the name of a service", service);
  if (deviceIds.length < 1 || deviceIds.length > maxDevices)
    throw expected("device_ids", `1 to ${maxDevices} devices`, deviceIds.length);
  if (options.length < 1 || options.length > maxOptions)
    throw expected("options", `1 to ${maxOptions} options`, options.length);
  for (const [index, option] of options.entries()) assertOption(option, `options[${index}]`);
  return {
    service,
    instance,
    deviceIds,
    jobId: message.jobId,
    stepId: message.stepId,
    tenant: message.tenant || "default",
    workClass: parseWorkClass(message.workClass),
    priority: message.priority === Priority.BATCH ? "batch" : "interactive",
    deadlineMs: toDeadlineMs(message, clock),
    options,
    model: message.model,
    modelDigest: message.modelDigest,
    hostId: message.hostId,
    resume: message.resume,
    alone: message.alone,
    underWay: message.underWay,
  };
}

/** Prefers the time that is left. Older workers send only a deadline by their own clock. */
function toDeadlineMs(
  { deadlineAfterMs, deadlineUnixMs }: SlotRequestMessage,
  clock: { readonly unixMs: number; readonly nowMs: number },
): number {
  if (deadlineAfterMs > 0) return clock.nowMs + deadlineAfterMs;
  return deadlineUnixMs > 0 ? clock.nowMs + deadlineUnixMs - clock.unixMs : Number.POSITIVE_INFINITY;
}

function assertOption({ peakBytes, computeTokens, tilePx, batch }: SlotOption, path: string): void {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  if (!isCount(peakBytes)) throw expected(`${path}.peak_bytes`, "a whole number of bytes", peakBytes);
  if (!isCount(computeTokens)) throw expected(`${path}.compute_tokens`, "a whole number", computeTokens);
  if (!isCount(tilePx)) throw expected(`${path}.tile_px`, "a whole number", tilePx);
  if (!isCount(batch)) throw expected(`${path}.batch`, "a whole number", batch);
}

function parseWorkClass(value: WorkClass): SlotRequest["workClass"] {
  if (value === WorkClass.LIGHT) return "light";
  if (value === WorkClass.HEAVY) return "heavy";
  if (value === WorkClass.EXCLUSIVE) return "exclusive";
  throw expected("work_class", "LIGHT, HEAVY or EXCLUSIVE", value);
}
