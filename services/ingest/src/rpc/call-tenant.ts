import { callInfo } from "@pixelmesh/telemetry";
import { parseTenant } from "../domain/tenant.ts";

/** Returns the tenant of the current call. Throws INVALID_ARGUMENT for an invalid one. */
export function callTenant(): string {
  return parseTenant(callInfo().tenant);
}
