/** Copies that are in use, by digest: they are not evicted. */
export type Pins = {
  /** Pins a copy until the returned function is called, which may be called again. */
  pin(sha256: string): () => void;
  has(sha256: string): boolean;
};

/** Creates an empty set of pins. The number of calls in progress bounds it. */
export function createPins(): Pins {
  const counts = new Map<string, number>();
  return {
    pin(sha256) {
      counts.set(sha256, (counts.get(sha256) ?? 0) + 1);
      let isPinned = true;
      return () => {
        if (!isPinned) return;
        isPinned = false;
        const left = (counts.get(sha256) ?? 1) - 1;
        if (left === 0) counts.delete(sha256);
        else counts.set(sha256, left);
      };
    },
    has: (sha256) => counts.has(sha256),
  };
}
