import { setTimeout as sleep } from "node:timers/promises";
import { openStore, type Store } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { type BudgetLimits, budgetKey, budgetOf, emptyBudget, reserveBudget, settleBudget } from "@pixelmesh/pipeline";
import { BudgetEntry } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { createBudgetGauges } from "./budget-gauges.ts";

/** A call of a hosted model, and what it costs in millionths of the currency. */
export type BudgetCall = { readonly tenant: string; readonly callId: string; readonly micros: number };

/** What tenants spend on hosted models in a day of UTC. Both calls are idempotent by the call's id, and do nothing for a tenant without a budget. */
export type Budgets = {
  /**
   * Reserves the estimate of a call before it is made, until it is settled. At `untilUnixMs` it counts as spent. Throws BUDGET_EXCEEDED with the time until the
   * day ends, PROVIDER_BUSY with 256 calls of the tenant under way, and BROKER_UNAVAILABLE.
   */
  reserve(call: BudgetCall & { readonly untilUnixMs: number }): Promise<void>;
  /** Replaces the reservation of a call by what it cost; 0 for one that was not made. Throws BROKER_UNAVAILABLE. */
  settle(call: BudgetCall): Promise<void>;
};

const dayMs = 86_400_000;
/** Writers of one entry are the calls of one tenant, of which at most 256 are under way. */
const maxTries = 64;

/** Opens the budgets. Entries are changed by compare-and-set, so processes together never reserve more than a budget. */
export async function openBudgets(
  { bus, life, metrics }: Pick<ServiceBase, "bus" | "life" | "metrics">,
  limits: BudgetLimits,
): Promise<Budgets> {
  const store = await openStore(bus, "budgets", BudgetEntry);
  const gauges = createBudgetGauges(limits, metrics);
  life.defer("budget metrics", gauges.close);

  return {
    async reserve({ tenant, callId, micros, untilUnixMs }) {
      const limitMicros = budgetOf(limits, tenant);
      if (limitMicros === undefined) return;
      const reservation = { callId, micros, untilUnixMs };
      const nowUnixMs = Date.now();
      const key = budgetKey(tenant, nowUnixMs);
      // A redelivered step may have reserved before midnight.
      const before = await store.get(budgetKey(tenant, nowUnixMs - dayMs));
      if (before?.value.reservations.some((each) => each.callId === callId)) return;
      const written = await change(store, key, (entry) =>
        reserveBudget(entry, reservation, { tenant, limitMicros, nowUnixMs }),
      );
      gauges.set(tenant, written ?? emptyBudget);
    },
    async settle({ tenant, callId, micros }) {
      if (budgetOf(limits, tenant) === undefined) return;
      const nowUnixMs = Date.now();
      for (const at of [nowUnixMs, nowUnixMs - dayMs]) {
        const written = await change(store, budgetKey(tenant, at), (entry) => settleBudget(entry, callId, micros));
        if (written === undefined) continue;
        if (at === nowUnixMs) gauges.set(tenant, written);
        return;
      }
    },
  };
}

/** Changes an entry by compare-and-set. Resolves to what was written; undefined if `next` changes nothing. */
async function change(
  store: Store<BudgetEntry>,
  key: string,
  next: (entry: BudgetEntry) => BudgetEntry | undefined,
): Promise<BudgetEntry | undefined> {
  for (let tries = 0; tries < maxTries; tries++) {
    const found = await store.get(key);
    const value = next(found?.value ?? emptyBudget);
    if (value === undefined) return undefined;
    const revision = found ? await store.update(key, value, found.revision) : await store.create(key, value);
    if (revision !== undefined) return value;
    // The losers of a race spread out.
    await sleep(Math.random() * Math.min(50, 2 ** Math.min(tries, 6)));
  }
  throw new AppError("BROKER_UNAVAILABLE", "The budget was changed by others at every try", { retryAfterMs: 500 });
}
