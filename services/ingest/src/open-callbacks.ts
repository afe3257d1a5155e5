import { ConfigError, type ConfigOf, parseDuration } from "@pixelmesh/config";
import {
  createUrlGuard,
  FetchError,
  type FetchTimeouts,
  lookupHost,
  parseHostRules,
  parsePrivateHostRules,
  postToUrl,
} from "@pixelmesh/guarded-fetch";
import { version } from "@pixelmesh/roles";
import type { ServiceBase } from "@pixelmesh/service";
import { openCallbackSecrets } from "./adapters/callback-secrets.ts";
import { startCallbackSender } from "./callbacks/callback-sender.ts";
import { type AssertCallbackSpace, createAssertCallbackSpace } from "./callbacks/callback-space.ts";
import { type CallbackStore, openCallbackStore } from "./callbacks/callback-store.ts";
import { readCallbackFill, startCallbackEvictor } from "./callbacks/evict-callbacks.ts";
import { createKeepCallback, type KeepCallback } from "./callbacks/keep-callback.ts";
import type { SendCallback } from "./callbacks/make-attempt.ts";
import { signCallback } from "./domain/sign-callback.ts";
import type { urlFields } from "./url-fields.ts";

/** The callbacks of a replica. */
export type Callbacks = {
  readonly store: CallbackStore;
  readonly keep: KeepCallback;
  readonly assertSpace: AssertCallbackSpace;
  /** Throws URL_NOT_ALLOWED and INVALID_ARGUMENT for an address that a job must not have, and QUEUE_FULL. Accepts an empty one. */
  assertAllowed(url: string): Promise<void>;
  /** Starts to make callbacks and to evict finished ones, on the replica that holds the lease; the lifecycle ends both. */
  start(lease: { isHeld(): boolean }): void;
};

/** Settings of callbacks. */
export type CallbackConfig = Pick<
  ConfigOf<typeof urlFields>,
  "callbackHosts" | "callbackPrivateHosts" | "callbackHttp" | "callbackSecretsFile" | "callbackRetryAfter"
>;

const timeouts: FetchTimeouts = { connectMs: 5_000, firstByteMs: 15_000, stallMs: 15_000 };
/** Standard Webhooks recommends 15 to 30 s. */
const attemptTimeoutMs = 15_000;
const maxPauses = 20;
const maxPausesMs = 6 * 24 * 3_600_000;
const secretsSetting = "PIXELMESH_INGEST_CALLBACK_SECRETS_FILE";
const retrySetting = "PIXELMESH_INGEST_CALLBACK_RETRY_AFTER";

/** Opens the bucket and the secrets of callbacks. Throws ConfigError for settings that are not in their forms. */
export async function openCallbacks(base: ServiceBase, config: CallbackConfig): Promise<Callbacks> {
  const hosts = parseHostRules("PIXELMESH_INGEST_CALLBACK_HOSTS", config.callbackHosts);
  const privateHosts = parsePrivateHostRules("PIXELMESH_INGEST_CALLBACK_PRIVATE_HOSTS", config.callbackPrivateHosts);
  const retryAfterMs = parsePauses(config.callbackRetryAfter);
  if (config.callbackSecretsFile === "" && !(hosts.isEmpty && privateHosts.isEmpty))
    throw new ConfigError([`Expected ${secretsSetting} to name a file where callback hosts are set, got none`]);
  const guard = createUrlGuard({ field: "callback_url", hosts, privateHosts, allowHttp: config.callbackHttp });
  const secrets = openCallbackSecrets(base, { name: secretsSetting, path: config.callbackSecretsFile });
  const store = await openCallbackStore(base.bus);
  const assertSpace = createAssertCallbackSpace(() => readCallbackFill(base.bus));

  const send: SendCallback = async ({ jobId, tenant, url, body }, signal) => {
    const limit = AbortSignal.timeout(attemptTimeoutMs);
    const headers = {
      "content-type": "application/json",
      "user-agent": `pixelmesh/${version}`,
      ...signCallback(jobId, body, Date.now(), secrets.keysOf(tenant)),
    };
    try {
      const both = AbortSignal.any([signal, limit]);
      return await postToUrl({ guard, timeouts, lookup: lookupHost }, url, { headers, body, signal: both });
    } catch (error) {
      if (error !== limit.reason) throw error;
      throw new FetchError(`no answer within ${attemptTimeoutMs / 1_000} s`);
    }
  };

  return {
    store,
    keep: createKeepCallback(base, store),
    assertSpace,
    async assertAllowed(url) {
      if (url === "") return;
      guard.check(url);
      await assertSpace();
    },
    start(lease) {
      const clock = { nowUnixMs: Date.now, random: Math.random };
      const sender = startCallbackSender({ base, callbacks: store, lease, send, clock, retryAfterMs });
      base.life.defer("callbacks", sender.close);
      const evictor = startCallbackEvictor({ base, callbacks: store, queue: sender.queue, lease });
      base.life.defer("evictor of callbacks", evictor.close);
    },
  };
}

function parsePauses(texts: readonly string[]): readonly number[] {
  const pauses = texts.map(parseDuration);
  const sumMs = pauses.reduce<number>((sum, ms) => sum + (ms ?? Number.POSITIVE_INFINITY), 0);
  if (pauses.length <= maxPauses && sumMs <= maxPausesMs) return pauses.map((ms) => ms ?? 0);
  throw new ConfigError([
    `Expected ${retrySetting} to list at most ${maxPauses} durations such as 5s, of 6 days together, got \`${texts.join(",")}\``,
  ]);
}
