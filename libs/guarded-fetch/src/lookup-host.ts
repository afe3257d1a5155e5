import { Resolver, lookup as systemLookup } from "node:dns/promises";

/** Returns the IP addresses of a host name; an empty list if it has none. Rejects when the signal aborts. */
export type LookupHost = (hostname: string, isPrivate: boolean, signal: AbortSignal) => Promise<readonly string[]>;

const queryTimeoutMs = 2_000;
const queryTries = 2;

/**
 * Looks up a name. Names of private hosts are those of this machine's network, with its hosts file and search domains. Other names are asked
 * of the name servers directly: slow answers then hold no thread of Node's pool, which image work needs.
 */
export const lookupHost: LookupHost = async (hostname, isPrivate, signal) => {
  signal.throwIfAborted();
  if (isPrivate) return lookupOfSystem(hostname, signal);
  const resolver = new Resolver({ timeout: queryTimeoutMs, tries: queryTries });
  const cancel = () => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    signal.throwIfAborted();
    return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  } finally {
    signal.removeEventListener("abort", cancel);
  }
};

async function lookupOfSystem(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const looking = systemLookup(hostname, { all: true }).catch(() => []);
    return (await Promise.race([looking, promise])).map(({ address }) => address);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
