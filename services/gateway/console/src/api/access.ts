import { effect, signal } from "@preact/signals";

const tokenKey = "pixelmesh.token";
const tenantKey = "pixelmesh.tenant";

/** The caller's token, for meshes that need one. Kept until the tab is closed. */
export const token = signal(sessionStorage.getItem(tokenKey) ?? "");

/** The tenant whose jobs are shown; empty: the token's, or "default". Kept until the tab is closed. */
export const tenant = signal(sessionStorage.getItem(tenantKey) ?? "");

effect(() => keep(tokenKey, token.value));
effect(() => keep(tenantKey, tenant.value));

function keep(key: string, value: string): void {
  if (value === "") sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, value);
}

/** Headers that name the caller. */
export function accessHeaders(): Record<string, string> {
  return {
    ...(token.value === "" ? {} : { authorization: `Bearer ${token.value}` }),
    ...(tenant.value === "" ? {} : { "x-pixelmesh-tenant": tenant.value }),
  };
}
