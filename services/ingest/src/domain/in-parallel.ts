/** Calls `act` for every item, at most `concurrency` at once. After the first failure, with which it rejects, it begins no further item. */
export async function inParallel<T>(
  items: Iterable<T>,
  concurrency: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let hasFailed = false;
  async function work(): Promise<void> {
    for (let next = iterator.next(); !next.done && !hasFailed; next = iterator.next()) {
      await act(next.value).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work));
}
