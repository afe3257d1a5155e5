/** Options of a call. */
export type CallOptions = { readonly signal?: AbortSignal };
