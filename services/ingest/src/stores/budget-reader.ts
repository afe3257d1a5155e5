import { type Bus, openStore } from "@pixelmesh/bus";
import {
  assertBudget,
  type BudgetLimits,
  budgetKey,
  budgetOf,
  emptyBudget,
  leftMicros,
  withoutExpired,
} from "@pixelmesh/pipeline";
import { BudgetEntry } from "@pixelmesh/proto";

/** Reads what tenants have left for hosted models today (UTC). The remote service writes it. */
export type BudgetReader = {
  /** Resolves to what is left, in micros; undefined for a tenant without a budget. */
  left(tenant: string): Promise<number | undefined>;
  /** Throws BUDGET_EXCEEDED, with the time until the day ends, if `micros` are more than is left. */
  assertLeft(tenant: string, micros: number): Promise<void>;
};

/** Opens a reader. It reads the bucket only for tenants with a budget. */
export async function openBudgetReader(bus: Bus, limits: BudgetLimits): Promise<BudgetReader> {
  const store = await openStore(bus, "budgets", BudgetEntry);

  async function read(tenant: string, nowUnixMs: number): Promise<BudgetEntry> {
    const found = await store.get(budgetKey(tenant, nowUnixMs));
    return withoutExpired(found?.value ?? emptyBudget, nowUnixMs);
  }

  return {
    async left(tenant) {
      const limit = budgetOf(limits, tenant);
      return limit === undefined ? undefined : leftMicros(await read(tenant, Date.now()), limit);
    },
    async assertLeft(tenant, micros) {
      const limitMicros = budgetOf(limits, tenant);
      if (limitMicros === undefined || micros === 0) return;
      const nowUnixMs = Date.now();
      assertBudget(await read(tenant, nowUnixMs), micros, { tenant, limitMicros, nowUnixMs });
    },
  };
}
