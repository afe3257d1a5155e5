import { Metadata } from "nice-grpc-common";

/** Options of a call of ingest on behalf of a request. */
export type IngestCall = { readonly metadata: Metadata; readonly signal: AbortSignal; readonly timeoutMs?: number };

/** Returns the options with which ingest is called on behalf of a request: its `authorization` header, unchanged, and its signal. */
export function toIngestCall(authorization: string | undefined, signal: AbortSignal): IngestCall {
  return { metadata: Metadata(authorization === undefined ? {} : { authorization }), signal };
}
