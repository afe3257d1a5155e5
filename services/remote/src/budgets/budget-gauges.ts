import { type BudgetLimits, budgetKey, budgetOf, usedMicros } from "@pixelmesh/pipeline";
import type { BudgetEntry } from "@pixelmesh/proto";
import type { Metrics } from "@pixelmesh/telemetry";

/** Shows how much of their budgets tenants use. The number of series is bounded: tenants that the settings name, and `other` for the fullest other one. */
export type BudgetGauges = {
  set(tenant: string, entry: BudgetEntry): void;
  close(): Promise<void>;
};

/** More tenants than a process is asked for within a day; the oldest are forgotten. */
const maxOthers = 1_000;

/** Creates the gauges. A value is that of the last change by this process, and 0 from the next day on. */
export function createBudgetGauges(limits: BudgetLimits, metrics: Pick<Metrics, "set" | "onPage">): BudgetGauges {
  const known = new Map<string, { readonly key: string; readonly ratio: number }>();

  function show(): void {
    const nowUnixMs = Date.now();
    const ratios = new Map([...limits.byTenant.keys()].map((tenant) => [tenant, 0]));
    if (limits.everyTenant !== undefined) ratios.set("other", 0);
    for (const [tenant, { key, ratio }] of known) {
      if (key !== budgetKey(tenant, nowUnixMs)) continue;
      const label = limits.byTenant.has(tenant) ? tenant : "other";
      ratios.set(label, Math.max(ratios.get(label) ?? 0, ratio));
    }
    for (const [tenant, ratio] of ratios) metrics.set("pixelmesh_remote_budget_used_ratio", { tenant }, ratio);
  }

  const stop = metrics.onPage(show);
  return {
    set(tenant, entry) {
      const limit = budgetOf(limits, tenant);
      if (limit === undefined) return;
      known.delete(tenant);
      known.set(tenant, { key: budgetKey(tenant, Date.now()), ratio: usedMicros(entry) / limit });
      const oldest = known.keys().next().value;
      if (known.size > maxOthers && oldest !== undefined) known.delete(oldest);
    },
    close: async () => stop(),
  };
}
