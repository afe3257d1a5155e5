import type { DeadLetterFilter } from "@pixelmesh/bus";
import { bearerToken, type CallContext } from "@pixelmesh/rpc";
import type { Tokens } from "@pixelmesh/secrets";
import { callFacts } from "@pixelmesh/telemetry";
import { parseTenant } from "../../domain/tenant.ts";

/** The tenant of the mesh itself: it sees the messages that name no tenant. */
const meshTenant = "default";

/**
 * The dead letters that a caller may see: those of its tenant; for tenant `default` also messages that name no tenant; all for a
 * caller with an operator's token.
 */
export function visibleTo({ metadata }: CallContext, operators: Tokens | undefined): DeadLetterFilter {
  const token = bearerToken(metadata);
  if (token !== undefined && operators?.has(token)) return "all";
  const tenant = parseTenant(callFacts().tenant);
  return { tenants: tenant === meshTenant ? [tenant, ""] : [tenant] };
}
