import type { DeadLetterFilter } from "@pixelmesh/bus";
import { type CallContext, readBearerToken } from "@pixelmesh/rpc";
import type { Tokens } from "@pixelmesh/secrets";
import { callTenant } from "../call-tenant.ts";

/** The tenant that sees the dead letters without a tenant. */
const meshTenant = "default";

/**
 * Returns which dead letters a caller may see: all for an operator's token, else those of its tenant; for tenant `default` also those
 * without a tenant.
 */
export function visibleTo({ metadata }: CallContext, operators: Tokens | undefined): DeadLetterFilter {
  const token = readBearerToken(metadata);
  if (token !== undefined && operators?.has(token)) return "all";
  const tenant = callTenant();
  return { tenants: tenant === meshTenant ? [tenant, ""] : [tenant] };
}
