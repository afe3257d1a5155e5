import { ConfigError, type ConfigOf, field } from "@pixelmesh/config";
import { type BudgetLimits, parseAmount } from "@pixelmesh/pipeline";

/** Settings of what may leave the mesh, and of what it may cost. Ingest refuses jobs by them, and the remote service steps. */
export const remoteRuleFields = {
  remoteAllowed: field.flag(
    "PIXELMESH_REMOTE_ALLOWED",
    "true",
    "Allow pictures to be sent to providers of hosted models outside of the mesh. Use the same value for ingest and remote.",
  ),
  remoteBudget: field.text(
    "PIXELMESH_REMOTE_BUDGET",
    "",
    "What each tenant may spend on hosted models in a day (UTC), such as `5.00`, in the currency of the manifest. Empty or 0: no limit. Use the same value for ingest and remote.",
  ),
  remoteBudgets: field.list(
    "PIXELMESH_REMOTE_BUDGETS",
    "",
    "Tenants with a budget of their own, such as `acme=20.00,trial=0.50`; 0: no limit. Use the same value for ingest and remote.",
  ),
} as const;

/** More tenants than an operator names by hand. */
const maxNamed = 256;

/** Reads the budgets. Throws ConfigError with every mistake. */
export function toBudgetLimits({
  remoteBudget,
  remoteBudgets,
}: Pick<ConfigOf<typeof remoteRuleFields>, "remoteBudget" | "remoteBudgets">): BudgetLimits {
  const mistakes: string[] = [];
  const everyTenant = remoteBudget.trim() === "" ? 0 : parseAmount(remoteBudget);
  if (everyTenant === undefined)
    mistakes.push(`Expected PIXELMESH_REMOTE_BUDGET to be an amount such as 5.00, or empty, got \`${remoteBudget}\``);
  if (remoteBudgets.length > maxNamed)
    mistakes.push(`Expected PIXELMESH_REMOTE_BUDGETS to name at most ${maxNamed} tenants, got ${remoteBudgets.length}`);
  const byTenant = new Map<string, number | undefined>();
  for (const entry of remoteBudgets) {
    const [, tenant, amount = ""] = /^([A-Za-z0-9_-]{1,64})=(.*)$/.exec(entry) ?? [];
    const micros = parseAmount(amount);
    if (tenant === undefined || micros === undefined || byTenant.has(tenant))
      mistakes.push(
        `Expected PIXELMESH_REMOTE_BUDGETS to have entries such as acme=20.00, each tenant once, got \`${entry}\``,
      );
    else byTenant.set(tenant, micros || undefined);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return { everyTenant: everyTenant || undefined, byTenant };
}
