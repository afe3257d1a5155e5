import { expected } from "@pixelmesh/errors";

/** The tenant a call works for: a key's token, so only letters, digits, dash and underscore. Default `default`. */
export function parseTenant(text: string | undefined): string {
  const tenant = text || "default";
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(tenant))
    throw expected("x-pixelmesh-tenant", "1 to 64 letters, digits, - or _", tenant);
  return tenant;
}
