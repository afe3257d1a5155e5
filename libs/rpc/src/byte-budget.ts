import { AppError } from "@pixelmesh/errors";

/** Memory that one transfer holds. It may grow and shrink until it is released; releasing may be repeated. */
export type ByteShare = {
  readonly heldBytes: number;
  /** Takes more at once; QUEUE_FULL with RetryInfo where the budget has too little left. */
  grow(bytes: number): void;
  shrink(bytes: number): void;
  release(): void;
};

/** Memory that all transfers of one kind may take together in this process. */
export type ByteBudget = {
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** An empty share, which grows as bytes come. */
  open(): ByteShare;
  /** A share of `bytes`, or undefined where that much is not left or others wait for it. */
  tryTake(bytes: number): ByteShare | undefined;
  /**
   * A share of `bytes` (of the whole budget, where they are more), in order of arrival. QUEUE_FULL with RetryInfo after the
   * longest wait, and at once where too many wait; the signal's reason where that is aborted.
   */
  take(bytes: number, signal?: AbortSignal): Promise<ByteShare>;
};

/** How a budget is made. */
export type ByteBudgetOptions = {
  readonly totalBytes: number;
  /** The transfers, for the text of a refusal: uploads, downloads. */
  readonly name: string;
  /** Longest wait for a share; default 10 s. */
  readonly maxWaitMs?: number;
  /** Most transfers that wait at once; default 1,000. */
  readonly maxWaiting?: number;
};

type Waiter = { readonly bytes: number; readonly grant: () => void };

/** A budget of `totalBytes`. */
export function createByteBudget(options: ByteBudgetOptions): ByteBudget {
  const { totalBytes, name, maxWaitMs = 10_000, maxWaiting = 1_000 } = options;
  const waiting = new Set<Waiter>();
  let usedBytes = 0;

  const full = () => new AppError("QUEUE_FULL", `Too many ${name} at once; try again`, { retryAfterMs: 1_000 });
  const fits = (bytes: number) => usedBytes + bytes <= totalBytes;
  const give = (bytes: number) => {
    usedBytes -= bytes;
    for (const waiter of waiting) {
      if (!fits(waiter.bytes)) return;
      waiting.delete(waiter);
      usedBytes += waiter.bytes;
      waiter.grant();
    }
  };
  const share = (startBytes: number): ByteShare => {
    let heldBytes = startBytes;
    const shrink = (bytes: number) => {
      const givenBytes = Math.min(bytes, heldBytes);
      heldBytes -= givenBytes;
      give(givenBytes);
    };
    return {
      get heldBytes() {
        return heldBytes;
      },
      grow(bytes) {
        if (!fits(bytes)) throw full();
        usedBytes += bytes;
        heldBytes += bytes;
      },
      shrink,
      release: () => shrink(heldBytes),
    };
  };
  const tryTake = (bytes: number) => {
    if (waiting.size > 0 || !fits(bytes)) return undefined;
    usedBytes += bytes;
    return share(bytes);
  };

  return {
    totalBytes,
    get usedBytes() {
      return usedBytes;
    },
    open: () => share(0),
    tryTake,
    async take(wantedBytes, signal) {
      signal?.throwIfAborted();
      const bytes = Math.min(wantedBytes, totalBytes);
      const taken = tryTake(bytes);
      if (taken) return taken;
      if (waiting.size >= maxWaiting) throw full();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiter = { bytes, grant: resolve };
      const onAbort = () => reject(signal?.reason);
      const timer = setTimeout(() => reject(full()), maxWaitMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      waiting.add(waiter);
      try {
        await promise;
      } catch (error) {
        // Granted in the same turn all the same: what was taken goes back.
        if (!waiting.delete(waiter)) give(bytes);
        throw error;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      }
      return share(bytes);
    },
  };
}
