/** The metadata key that names the tenant of a call. */
export const tenantKey = "x-pixelmesh-tenant";
