/** Work that callers of one key share while it runs. */
export type Flights<T> = {
  /** Joins the running work of a key, or starts it. An aborted caller leaves; the work is aborted when its last caller has left. */
  join(key: string, start: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
};

type Flight<T> = { readonly result: Promise<T>; readonly controller: AbortController; callers: number };

/** Creates flights. The number of callers bounds them. */
export function createFlights<T>(): Flights<T> {
  const flights = new Map<string, Flight<T>>();

  function open(key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const result = start(controller.signal).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    const flight: Flight<T> = { result, controller, callers: 0 };
    // A failure that no caller awaits any more is not an unhandled one.
    result.catch(() => {});
    flights.set(key, flight);
    return flight;
  }

  return {
    async join(key, start, signal) {
      signal?.throwIfAborted();
      const flight = flights.get(key) ?? open(key, start);
      flight.callers += 1;
      try {
        return await (signal ? orAborted(flight.result, signal) : flight.result);
      } finally {
        flight.callers -= 1;
        if (flight.callers === 0) {
          if (flights.get(key) === flight) flights.delete(key);
          flight.controller.abort();
        }
      }
    },
  };
}

async function orAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([result, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
