import { type Bus, listQueues, listServices } from "@pixelmesh/bus";

/** Announced services and work queues, read from the broker. */
export type BrokerView = {
  readonly services: Awaited<ReturnType<typeof listServices>>;
  readonly queues: Awaited<ReturnType<typeof listQueues>>;
};

/** A younger view is returned without another read. */
const freshMs = 250;
/** A younger view is returned if the next read takes longer than `slowReadMs`. */
const usableMs = 5_000;
const slowReadMs = 100;

/**
 * Reads announced services and work queues, at most once in 250 ms, because each read costs the broker a dozen requests. Concurrent calls
 * share one read. If the broker does not answer within 100 ms, a view of the last 5 s is returned.
 */
export function createBrokerView(bus: Bus): () => Promise<BrokerView> {
  let cached: { readonly view: BrokerView; readonly atMs: number } | undefined;
  let reading: Promise<BrokerView> | undefined;

  async function read(): Promise<BrokerView> {
    const atMs = performance.now();
    const [services, queues] = await Promise.all([listServices(bus), listQueues(bus)]);
    cached = { view: { services, queues }, atMs };
    return cached.view;
  }
  return async () => {
    if (cached && performance.now() - cached.atMs < freshMs) return cached.view;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    if (cached === undefined || performance.now() - cached.atMs > usableMs) return reading;
    const slow = Promise.withResolvers<BrokerView>();
    const timer = setTimeout(slow.resolve, slowReadMs, cached.view);
    reading.catch(() => {});
    return Promise.race([reading, slow.promise]).finally(() => clearTimeout(timer));
  };
}
