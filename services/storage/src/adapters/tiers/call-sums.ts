/** Creates counts of the calls of the whole store: the warm tier's own counts include copies. */
export function createCallSums() {
  const sums = { puts: 0, putsDeduplicated: 0, gets: 0, retrievalSeconds: 0 };
  return {
    put<T extends { readonly existed: boolean }>(result: T): T {
      sums.puts += 1;
      if (result.existed) sums.putsDeduplicated += 1;
      return result;
    },
    get(tookMs: number) {
      sums.gets += 1;
      sums.retrievalSeconds += tookMs / 1000;
    },
    read: () => ({ ...sums }),
  };
}
