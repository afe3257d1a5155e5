import { type ConfigOf, field } from "@pixelmesh/config";
import { serviceFields } from "@pixelmesh/service";
import { defaultRules, type Rules } from "./domain/rules.ts";

const percent = (fraction: number) => `${fraction * 100}%`;
const count = (variable: string, value: number, doc: string) =>
  field.integer(variable, String(value), doc, { min: 1, max: 10_000 });

/** Settings of the scheduler. */
export const schedulerFields = {
  ...serviceFields("scheduler"),
  greenFraction: field.percent(
    "PIXELMESH_SCHEDULER_GREEN",
    percent(defaultRules.greenFraction),
    "Any work is granted up to this part of a device's memory.",
  ),
  amberFraction: field.percent(
    "PIXELMESH_SCHEDULER_AMBER",
    percent(defaultRules.amberFraction),
    "Light work is granted up to this part of a device's memory.",
  ),
  gpuHeadroomBytes: field.byteSize(
    "PIXELMESH_SCHEDULER_GPU_HEADROOM",
    "512MiB",
    "Memory of a GPU that is never granted.",
  ),
  leaseTtlMs: field.duration(
    "PIXELMESH_SCHEDULER_LEASE_TTL",
    "10s",
    "A standby takes over from a leader that has not renewed its lease for this time.",
    { min: 500, max: 10_000 },
  ),
  grantValidMs: field.duration(
    "PIXELMESH_SCHEDULER_GRANT_VALID",
    "10s",
    "How long a grant is valid without a renewal.",
    { min: 1_000, max: 60_000 },
  ),
  lightSlots: count(
    "PIXELMESH_SCHEDULER_LIGHT_SLOTS",
    defaultRules.classSlots.light,
    "Slots for light work on each device.",
  ),
  heavySlots: count(
    "PIXELMESH_SCHEDULER_HEAVY_SLOTS",
    defaultRules.classSlots.heavy,
    "Slots for heavy work on each device.",
  ),
  exclusiveSlots: count(
    "PIXELMESH_SCHEDULER_EXCLUSIVE_SLOTS",
    defaultRules.classSlots.exclusive,
    "Slots for exclusive work on each device.",
  ),
  maxQueued: count("PIXELMESH_SCHEDULER_MAX_QUEUED", defaultRules.maxQueued, "Requests that may wait for a slot."),
  maxQueuedPerClass: count(
    "PIXELMESH_SCHEDULER_MAX_QUEUED_PER_CLASS",
    defaultRules.maxQueuedPerClass,
    "Requests of one work class that may wait for a slot.",
  ),
  maxQueuedPerTenant: count(
    "PIXELMESH_SCHEDULER_MAX_QUEUED_PER_TENANT",
    defaultRules.maxQueuedPerTenant,
    "Requests of one tenant and work class that may wait for a slot.",
  ),
  maxCalls: count(
    "PIXELMESH_SCHEDULER_MAX_CALLS",
    2_048,
    "Open HoldSlot calls, including those that hold a slot or have sent no request yet.",
  ),
} as const;

/** Values of `schedulerFields`. */
export type SchedulerConfig = ConfigOf<typeof schedulerFields>;

/** Returns the rules with the values of the settings. */
export function toRules(config: SchedulerConfig): Rules {
  return {
    ...defaultRules,
    greenFraction: config.greenFraction,
    amberFraction: config.amberFraction,
    gpuHeadroomBytes: config.gpuHeadroomBytes,
    maxQueued: config.maxQueued,
    maxQueuedPerClass: config.maxQueuedPerClass,
    maxQueuedPerTenant: config.maxQueuedPerTenant,
    classSlots: { light: config.lightSlots, heavy: config.heavySlots, exclusive: config.exclusiveSlots },
    validMs: config.grantValidMs,
  };
}
