export { isPublicAddress, isPublicOrPrivateAddress } from "./address-classes.ts";
export { type CallRequest, callUrl, type UrlAnswer } from "./call-url.ts";
export { FetchError } from "./fetch-error.ts";
export { type HostRules, parseHostRules, parsePrivateHostRules } from "./host-rules.ts";
export { type LookupHost, lookupHost } from "./lookup-host.ts";
export { type PostAnswer, type PostRequest, postToUrl } from "./post-to-url.ts";
export { type ReadUrlOptions, readUrl, type UrlContent } from "./read-url.ts";
export type { FetchSettings, FetchTimeouts } from "./send-request.ts";
export { createUrlGuard, maxUrlLength, type UrlGuard, type UrlGuardOptions } from "./url-guard.ts";
