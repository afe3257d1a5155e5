import type { Device } from "./device.ts";
import type { DeviceReport } from "./device-report.ts";
import type { CallLimits, Closing, ProviderState } from "./provider-report.ts";

/** A report with the time at which it came. */
type TimedReport = { readonly report: DeviceReport; readonly atMs: number };

const open: Closing = { untilMs: 0, why: "" };

/**
 * Returns the combined view of all reporters of a provider: the lowest limits and the longest closing. A closing that a gone reporter told ends at its time.
 * Undefined for another device, and before the first report.
 */
export function combineProvider(
  reports: Iterable<TimedReport>,
  before: ProviderState | undefined,
): ProviderState | undefined {
  const timed = [...reports];
  const told = timed.flatMap(({ report: { provider } }) => provider ?? []);
  // Without a reporter nothing is granted.
  if (told.length === 0) return before;
  const goneClosing = before?.goneClosing ?? open;
  return {
    limits: told.map(({ limits }) => limits).reduce(lowest),
    closing: timed.map(closingOf).reduce(longer, goneClosing),
    isProbing: told.some(({ isProbing }) => isProbing),
    goneClosing,
  };
}

/** Returns the view in which the closing that a reporter told lasts until its time although the reporter is gone. */
export function withoutReporter(provider: ProviderState, gone: TimedReport): ProviderState {
  return { ...provider, goneClosing: longer(provider.goneClosing, closingOf(gone)) };
}

function closingOf({ report: { provider }, atMs }: TimedReport): Closing {
  return provider && provider.closedForMs > 0
    ? { untilMs: atMs + provider.closedForMs, why: provider.closedWhy }
    : open;
}

function longer(a: Closing, b: Closing): Closing {
  return b.untilMs > a.untilMs ? b : a;
}

/** Returns how long a provider is closed from now; 0: it is open. */
export function closedForMs(device: Device, nowMs: number): number {
  return Math.max(0, (device.provider?.closing.untilMs ?? 0) - nowMs);
}

/** Returns the limit of a tenant's calls; Infinity: none. */
export function tenantLimit({ tenants }: CallLimits, tenant: string): number {
  return own(tenants, tenant) ?? own(tenants, "*") ?? Number.POSITIVE_INFINITY;
}

/** Returns the limit of a model's calls; Infinity: none. */
export function modelLimit({ models }: CallLimits, model: string): number {
  return own(models, model) ?? Number.POSITIVE_INFINITY;
}

/** The names come from outside: one may be that of a property of every object. */
function own(limits: Readonly<Record<string, number>>, name: string): number | undefined {
  return Object.hasOwn(limits, name) ? limits[name] : undefined;
}

function lowest(a: CallLimits, b: CallLimits): CallLimits {
  return {
    light: Math.min(a.light, b.light),
    heavy: Math.min(a.heavy, b.heavy),
    exclusive: Math.min(a.exclusive, b.exclusive),
    models: lowestOf(a.models, b.models, (limits, name) => own(limits, name)),
    tenants: lowestOf(a.tenants, b.tenants, (limits, name) => own(limits, name) ?? own(limits, "*")),
  };
}

function lowestOf(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
  limitOf: (limits: Readonly<Record<string, number>>, name: string) => number | undefined,
): Record<string, number> {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const limits = [limitOf(a, name), limitOf(b, name)].filter((limit) => limit !== undefined);
      return [name, Math.min(...limits)];
    }),
  );
}
