import { AppError } from "@pixelmesh/errors";
import type { BudgetEntry, BudgetReservation } from "@pixelmesh/proto";

/** Most calls under way of one tenant. */
export const MAX_RESERVATIONS = 256;

/** What tenants may spend on hosted models in a day of UTC, in millionths of the currency. Undefined: without a limit. */
export type BudgetLimits = {
  readonly everyTenant: number | undefined;
  /** Tenants with a limit of their own; undefined: none. */
  readonly byTenant: ReadonlyMap<string, number | undefined>;
};

/** The limit of a tenant in micros; undefined: none. */
export function budgetOf({ everyTenant, byTenant }: BudgetLimits, tenant: string): number | undefined {
  return byTenant.has(tenant) ? byTenant.get(tenant) : everyTenant;
}

/** The key of a tenant's entry of the day (UTC) of this time. */
export function budgetKey(tenant: string, unixMs: number): string {
  return `${tenant}.${new Date(unixMs).toISOString().slice(0, 10)}`;
}

/** When the day (UTC) of this time ends, in Unix milliseconds. */
export function dayEndUnixMs(unixMs: number): number {
  return (Math.floor(unixMs / dayMs) + 1) * dayMs;
}

const dayMs = 86_400_000;

/** An entry in which nothing was spent. */
export const emptyBudget: BudgetEntry = { spentMicros: 0, reservations: [], calls: 0 };

/** What is spent or reserved of an entry, in micros. */
export function usedMicros({ spentMicros, reservations }: BudgetEntry): number {
  return reservations.reduce((sum, { micros }) => sum + micros, spentMicros);
}

/** What is left of a limit, in micros: 0 or more. */
export function leftMicros(entry: BudgetEntry, limitMicros: number): number {
  return Math.max(0, limitMicros - usedMicros(entry));
}

/** The entry with its expired reservations counted as spent: their calls may have been made. */
export function withoutExpired(entry: BudgetEntry, nowUnixMs: number): BudgetEntry {
  const live = entry.reservations.filter(({ untilUnixMs }) => untilUnixMs > nowUnixMs);
  if (live.length === entry.reservations.length) return entry;
  const expired = entry.reservations.filter(({ untilUnixMs }) => untilUnixMs <= nowUnixMs);
  const micros = expired.reduce((sum, reservation) => sum + reservation.micros, 0);
  return { spentMicros: entry.spentMicros + micros, reservations: live, calls: entry.calls + expired.length };
}

/**
 * The entry with a reservation. A repeated call keeps what it has reserved, with the later end. Throws BUDGET_EXCEEDED with the end of the day, and PROVIDER_BUSY
 * while the tenant has as many calls under way as an entry holds.
 */
export function reserveBudget(
  entry: BudgetEntry,
  reservation: BudgetReservation,
  { tenant, limitMicros, nowUnixMs }: { tenant: string; limitMicros: number; nowUnixMs: number },
): BudgetEntry {
  const known = entry.reservations.find(({ callId }) => callId === reservation.callId);
  if (known) {
    const untilUnixMs = Math.max(known.untilUnixMs, reservation.untilUnixMs);
    return {
      ...entry,
      reservations: entry.reservations.map((each) => (each === known ? { ...known, untilUnixMs } : each)),
    };
  }
  const current = withoutExpired(entry, nowUnixMs);
  assertBudget(current, reservation.micros, { tenant, limitMicros, nowUnixMs });
  if (current.reservations.length >= MAX_RESERVATIONS)
    throw new AppError(
      "PROVIDER_BUSY",
      `Tenant \`${tenant}\` has ${MAX_RESERVATIONS} calls of hosted models under way`,
      {
        retryAfterMs: 1_000,
      },
    );
  return { ...current, reservations: [...current.reservations, reservation] };
}

/**
 * The entry after a call: its reservation is replaced by what it cost. Undefined if the entry has no such reservation: it was settled before, or it expired and
 * counts as spent.
 */
export function settleBudget(entry: BudgetEntry, callId: string, micros: number): BudgetEntry | undefined {
  if (!entry.reservations.some((each) => each.callId === callId)) return undefined;
  return {
    spentMicros: entry.spentMicros + micros,
    reservations: entry.reservations.filter((each) => each.callId !== callId),
    calls: entry.calls + 1,
  };
}

/** Throws BUDGET_EXCEEDED, with the time until the day ends, if `micros` are more than is left. */
export function assertBudget(
  entry: BudgetEntry,
  micros: number,
  { tenant, limitMicros, nowUnixMs }: { tenant: string; limitMicros: number; nowUnixMs: number },
): void {
  const left = leftMicros(entry, limitMicros);
  if (micros <= left) return;
  const metadata = { estimate_micros: String(micros), left_micros: String(left), limit_micros: String(limitMicros) };
  throw new AppError(
    "BUDGET_EXCEEDED",
    `Tenant \`${tenant}\` has ${toAmount(left)} left of its ${toAmount(limitMicros)} for hosted models today (UTC), and this would cost about ${toAmount(micros)}`,
    { metadata, retryAfterMs: dayEndUnixMs(nowUnixMs) - nowUnixMs },
  );
}

/** Writes millionths as a decimal number, such as `0.0125`. */
export function toAmount(micros: number): string {
  const text = (micros / 1e6).toFixed(6);
  return text.replace(/(\.\d\d\d*?)0+$/, "$1");
}

/** Reads a decimal number of at most 6 decimals as millionths; undefined for another text. */
export function parseAmount(text: string): number | undefined {
  const [, whole = "", decimals = ""] = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text.trim()) ?? [];
  return whole === "" ? undefined : Number(whole) * 1_000_000 + Number(decimals.padEnd(6, "0"));
}
