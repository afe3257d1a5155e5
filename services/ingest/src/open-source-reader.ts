import type { ConfigOf } from "@pixelmesh/config";
import {
  createUrlGuard,
  type FetchTimeouts,
  lookupHost,
  parseHostRules,
  parsePrivateHostRules,
} from "@pixelmesh/guarded-fetch";
import { version } from "@pixelmesh/roles";
import { createSourceReader, type SourceReader } from "./adapters/source-reader.ts";
import type { urlFields } from "./url-fields.ts";

/** Settings of source addresses. */
export type SourceConfig = Pick<ConfigOf<typeof urlFields>, "sourceHosts" | "sourcePrivateHosts" | "sourceHttp">;

const timeouts: FetchTimeouts = { connectMs: 5_000, firstByteMs: 10_000, stallMs: 10_000 };
const timeoutMs = 60_000;

/** Creates the reader of source addresses. Throws ConfigError for host rules of another form. */
export function openSourceReader(config: SourceConfig, maxBytes: number): SourceReader {
  const guard = createUrlGuard({
    field: "source_url",
    hosts: parseHostRules("PIXELMESH_INGEST_SOURCE_HOSTS", config.sourceHosts),
    privateHosts: parsePrivateHostRules("PIXELMESH_INGEST_SOURCE_PRIVATE_HOSTS", config.sourcePrivateHosts),
    allowHttp: config.sourceHttp,
  });
  return createSourceReader({
    settings: { guard, timeouts, lookup: lookupHost },
    userAgent: `pixelmesh/${version}`,
    maxBytes,
    timeoutMs,
  });
}
