import { isIP, type LookupFunction } from "node:net";
import { AppError } from "@pixelmesh/errors";
import { buildConnector } from "undici";
import { FetchError } from "./fetch-error.ts";
import type { LookupHost } from "./lookup-host.ts";
import type { UrlGuard } from "./url-guard.ts";

/** Options of `createGuardedConnect`. */
export type GuardedConnectOptions = {
  readonly guard: UrlGuard;
  readonly lookup: LookupHost;
  /** For lookup, connection and TLS handshake together. */
  readonly timeoutMs: number;
  /** CA certificates (PEM) in place of Node's own. */
  readonly ca?: string;
  readonly signal: AbortSignal;
};

/** More addresses of one name are not tried. */
const maxAddresses = 16;

/**
 * Creates the connector for one request. It looks up the host once, refuses it if any of its addresses is not allowed, and connects to one of
 * the checked addresses, so that a second answer of the name server changes nothing. Checks the address of the open socket again.
 */
export function createGuardedConnect(url: URL, options: GuardedConnectOptions): buildConnector.connector {
  const { guard, timeoutMs, ca, signal } = options;
  return (target, callback) => {
    void (async () => {
      try {
        const addresses = await findAddresses(url, options);
        const connect = buildConnector({
          timeout: timeoutMs,
          allowH2: false,
          maxCachedSessions: 0,
          rejectUnauthorized: true,
          lookup: answerWith(addresses),
          ...(ca === undefined ? {} : { ca }),
        });
        signal.throwIfAborted();
        connect(target, (...[error, socket]) => {
          if (error) return callback(error, null);
          try {
            guard.assertAddress(url, socket.remoteAddress ?? "");
          } catch (refusal) {
            socket.destroy();
            return callback(refusal as Error, null);
          }
          callback(null, socket);
        });
      } catch (error) {
        callback(error as Error, null);
      }
    })();
  };
}

/** Returns the addresses of a host. Throws URL_NOT_ALLOWED if one of them is not allowed, and FetchError if there is none. */
async function findAddresses(url: URL, { guard, lookup, timeoutMs, signal }: GuardedConnectOptions): Promise<string[]> {
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  // Node calls no lookup for an IP address, so it is checked here like those of a name.
  const found = isIP(hostname) ? [hostname] : await lookup(hostname, guard.isPrivate(url), limit);
  if (found.length === 0) throw new FetchError("its host name is not known");
  for (const address of found) guard.assertAddress(url, address);
  return found.slice(0, maxAddresses);
}

/** Returns a lookup that answers every question with checked addresses. */
function answerWith(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (hostname, { all: wantsAll }, callback) => {
    const [first] = all;
    if (!first) return callback(new AppError("INTERNAL", `No address of ${hostname}`), "", 0);
    if (wantsAll) callback(null, all);
    else callback(null, first.address, first.family);
  };
}
