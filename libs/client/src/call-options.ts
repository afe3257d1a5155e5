/** What a call can be given. */
export type CallOptions = { readonly signal?: AbortSignal };
