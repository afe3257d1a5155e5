import { type Bus, listQueues, listServices } from "@pixelmesh/bus";

/** What the broker knows of the mesh. */
export type BrokerFacts = {
  readonly services: Awaited<ReturnType<typeof listServices>>;
  readonly queues: Awaited<ReturnType<typeof listQueues>>;
};

/** An answer of this age is given without another read. */
const freshMs = 250;
/** Up to this age an answer is given where the broker is slow to give a newer one. */
const usableMs = 5_000;
const patienceMs = 100;

/**
 * Reads announced services and work queues, at most once in 250 ms: each read costs the broker a dozen requests. Calls that come
 * while it is read share the answer. Where the broker does not answer within 100 ms, what it said in the last 5 s is given.
 */
export function createBrokerView(bus: Bus): () => Promise<BrokerFacts> {
  let known: { readonly facts: BrokerFacts; readonly atMs: number } | undefined;
  let reading: Promise<BrokerFacts> | undefined;

  async function read(): Promise<BrokerFacts> {
    const atMs = performance.now();
    const [services, queues] = await Promise.all([listServices(bus), listQueues(bus)]);
    known = { facts: { services, queues }, atMs };
    return known.facts;
  }
  return async () => {
    if (known && performance.now() - known.atMs < freshMs) return known.facts;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    if (known === undefined || performance.now() - known.atMs > usableMs) return reading;
    const patience = Promise.withResolvers<BrokerFacts>();
    const timer = setTimeout(patience.resolve, patienceMs, known.facts);
    reading.catch(() => {});
    return Promise.race([reading, patience.promise]).finally(() => clearTimeout(timer));
  };
}
