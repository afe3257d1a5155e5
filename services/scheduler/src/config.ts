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
    "Up to this part of a device any work is granted.",
  ),
  amberFraction: field.percent(
    "PIXELMESH_SCHEDULER_AMBER",
    percent(defaultRules.amberFraction),
    "Up to this part light work is granted.",
  ),
  gpuHeadroomBytes: field.byteSize(
    "PIXELMESH_SCHEDULER_GPU_HEADROOM",
    "512MiB",
    "Memory of a GPU that is never granted away.",
  ),
  leaseTtlMs: field.duration(
    "PIXELMESH_SCHEDULER_LEASE_TTL",
    "10s",
    "A leader that has not renewed its lease for so long is followed by a standby.",
    { min: 500, max: 10_000 },
  ),
  grantValidMs: field.duration(
    "PIXELMESH_SCHEDULER_GRANT_VALID",
    "10s",
    "For how long a grant holds without being renewed.",
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
    "Those of one work class.",
  ),
  maxQueuedPerTenant: count(
    "PIXELMESH_SCHEDULER_MAX_QUEUED_PER_TENANT",
    defaultRules.maxQueuedPerTenant,
    "Those of one tenant and class.",
  ),
  maxCalls: count(
    "PIXELMESH_SCHEDULER_MAX_CALLS",
    2_048,
    "Open HoldSlot calls, those that hold a slot or have not asked for one yet included.",
  ),
} as const;

/** Values of `schedulerFields`. */
export type SchedulerConfig = ConfigOf<typeof schedulerFields>;

/** The rules that the settings make. */
export function toRules({
  lightSlots: light,
  heavySlots: heavy,
  exclusiveSlots: exclusive,
  ...config
}: SchedulerConfig): Rules {
  const { greenFraction, amberFraction, gpuHeadroomBytes, maxQueued, maxQueuedPerClass, maxQueuedPerTenant } = config;
  const { grantValidMs: validMs } = config;
  const classSlots = { light, heavy, exclusive };
  return {
    ...defaultRules,
    ...{ greenFraction, amberFraction, gpuHeadroomBytes, maxQueued, maxQueuedPerClass, maxQueuedPerTenant },
    ...{ classSlots, validMs },
  };
}
