import type { AppError } from "@pixelmesh/errors";
import { type FetchTimeouts, type LookupHost, lookupHost } from "@pixelmesh/guarded-fetch";
import { type ByteBudget, createByteBudget } from "@pixelmesh/rpc";
import type { ManifestProvider } from "../domain/manifest.ts";
import type { Provider } from "../domain/provider.ts";
import { createResultSource, type ResultSource } from "../reader/result-source.ts";
import { createGenericHttp } from "./generic-http.ts";
import { createApiGuard, createResultGuard } from "./guards.ts";
import { createOpenai } from "./openai.ts";
import { createPollPauses } from "./poll-pauses.ts";
import { createProviderApi } from "./provider-api.ts";
import { createReplicate } from "./replicate.ts";
import { openTokenFile } from "./token-file.ts";

/** A provider, and where its results are read. */
export type RemoteProvider = Provider & {
  readonly results: ResultSource;
  /** Why its credentials cannot be used; undefined: they can be read, or it has none. */
  credentialProblem(): Promise<string | undefined>;
};

/** Dependencies of `createProvider`. */
export type ProviderParts = {
  /** Name of this mesh in its requests. */
  readonly userAgent: string;
  /** Memory for answers and results while they are read; default 256 MiB for this provider. */
  readonly answers?: ByteBudget;
  readonly random?: () => number;
  readonly now?: () => number;
  readonly lookup?: LookupHost;
  readonly timeouts?: FetchTimeouts;
  /** CA certificates (PEM) in place of Node's own. */
  readonly ca?: string;
};

const defaultTimeouts: FetchTimeouts = { connectMs: 5_000, firstByteMs: 30_000, stallMs: 30_000 };
const defaultAnswerBytes = 256 * 1024 * 1024;

/** Creates the adapter of a provider of the manifest. It opens no connection. Throws ConfigError for rules of hosts that are none. */
export function createProvider(provider: ManifestProvider, parts: ProviderParts): RemoteProvider {
  const {
    userAgent,
    random = Math.random,
    now = Date.now,
    lookup = lookupHost,
    timeouts = defaultTimeouts,
    ca,
  } = parts;
  const answers = parts.answers ?? createByteBudget({ totalBytes: defaultAnswerBytes, name: "answers of providers" });
  const common = { timeouts, lookup, ...(ca === undefined ? {} : { ca }) };
  const token = openTokenFile(provider.name, provider.tokenFile);
  const results = createResultSource({
    provider: provider.name,
    settings: { guard: createResultGuard(provider), ...common },
    userAgent,
    answers,
    random,
  });
  const settings = { guard: createApiGuard(provider), ...common };
  const api = createProviderApi(provider, { settings, token, userAgent, answers, now });
  const pauses = createPollPauses(random);
  const adapter = {
    replicate: () => createReplicate(api, { random, pauses, readSentFile: results.tryRead }),
    openai: () => createOpenai(api),
    http: () => createGenericHttp(api, { random, pauses }),
  }[provider.kind]();
  return {
    ...adapter,
    results,
    credentialProblem: () =>
      token.read().then(
        () => undefined,
        (error: AppError) => error.message,
      ),
  };
}
