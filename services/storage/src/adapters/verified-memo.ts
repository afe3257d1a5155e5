/** Remembers which blobs were lately found to be whole, so that ranges of one blob are not each preceded by a full read. */
export type VerifiedMemo = { has(sha256: string): boolean; add(sha256: string): void; forget(sha256: string): void };

/** How many digests are remembered; the oldest goes first. */
const maxDigests = 4_096;

/** Makes a memory that trusts a finding for `trustMs`. */
export function createVerifiedMemo(trustMs: number, monotonicMs: () => number): VerifiedMemo {
  const foundAtMs = new Map<string, number>();
  return {
    has(sha256) {
      const atMs = foundAtMs.get(sha256);
      return atMs !== undefined && monotonicMs() - atMs <= trustMs;
    },
    add(sha256) {
      foundAtMs.delete(sha256);
      foundAtMs.set(sha256, monotonicMs());
      const oldest = foundAtMs.keys().next().value;
      if (foundAtMs.size > maxDigests && oldest !== undefined) foundAtMs.delete(oldest);
    },
    forget(sha256) {
      foundAtMs.delete(sha256);
    },
  };
}
