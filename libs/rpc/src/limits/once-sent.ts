const releases = new WeakMap<object, () => void>();

/**
 * Marks a response: `release` is called once all its bytes were written to HTTP/2, or cannot be written any more. For unary handlers, whose
 * response is in memory until the caller reads it. `release` must be idempotent. Returns the response.
 */
export function onceSent<T extends object>(response: T, release: () => void): T {
  releases.set(response, release);
  return response;
}

/** Returns the release of a response; undefined if it has none. */
export function releaseOf(response: unknown): (() => void) | undefined {
  return typeof response === "object" && response !== null ? releases.get(response) : undefined;
}
