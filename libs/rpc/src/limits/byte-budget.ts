import { AppError } from "@pixelmesh/errors";

/** The memory that one transfer holds. It grows and shrinks until it is released. Releasing is idempotent. */
export type ByteShare = {
  readonly heldBytes: number;
  /** Takes more memory without waiting. Throws QUEUE_FULL with RetryInfo if the budget has too little left. */
  grow(bytes: number): void;
  shrink(bytes: number): void;
  release(): void;
};

/** The memory that all transfers of one kind in this process may hold together. */
export type ByteBudget = {
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** Returns an empty share, to be grown as bytes arrive. */
  open(): ByteShare;
  /** Returns a share of `bytes`; undefined if too little is left or others wait. */
  tryTake(bytes: number): ByteShare | undefined;
  /**
   * Waits for a share of `bytes`, at most of the whole budget. Shares are given in order of arrival. Throws QUEUE_FULL with RetryInfo
   * after the longest wait, or at once if too many wait, and the signal's reason if that is aborted.
   */
  take(bytes: number, signal?: AbortSignal): Promise<ByteShare>;
};

/** Options of a budget. */
export type ByteBudgetOptions = {
  readonly totalBytes: number;
  /** Name of the transfers in the text of a refusal: uploads, downloads. */
  readonly name: string;
  /** Longest wait for a share; default 10 s. */
  readonly maxWaitMs?: number;
  /** Largest number of waiting transfers; default 1,000. */
  readonly maxWaiting?: number;
};

type Waiter = { readonly bytes: number; readonly grant: () => void };

/** Creates a budget of `totalBytes`. */
export function createByteBudget(options: ByteBudgetOptions): ByteBudget {
  const { totalBytes, name, maxWaitMs = 10_000, maxWaiting = 1_000 } = options;
  const waiting = new Set<Waiter>();
  let usedBytes = 0;

  const full = () => new AppError("QUEUE_FULL", `Too many ${name} at once; try again`, { retryAfterMs: 1_000 });
  const fits = (bytes: number) => usedBytes + bytes <= totalBytes;
  const giveBack = (bytes: number) => {
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
      const returnedBytes = Math.min(bytes, heldBytes);
      heldBytes -= returnedBytes;
      giveBack(returnedBytes);
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
        // The share was granted in the same turn: give it back.
        if (!waiting.delete(waiter)) giveBack(bytes);
        throw error;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      }
      return share(bytes);
    },
  };
}
