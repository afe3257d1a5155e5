import { expected } from "@pixelmesh/errors";

/**
 * Returns the tenant of a call; `default` if none is given. Throws INVALID_ARGUMENT for other characters than letters, digits, dash
 * and underscore, because the tenant is a token of keys and subjects.
 */
export function parseTenant(text: string | undefined): string {
  const tenant = text || "default";
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(tenant))
    throw expected("x-pixelmesh-tenant", "1 to 64 letters, digits, - or _", tenant);
  return tenant;
}
