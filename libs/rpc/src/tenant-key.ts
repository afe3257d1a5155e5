/** The metadata in which a call names its tenant. */
export const tenantKey = "x-pixelmesh-tenant";
