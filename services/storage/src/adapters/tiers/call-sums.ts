/** Creates counts of the calls of the whole store: the warm tier's own counts include copies. */
export function createCallSums() {
  const sums = { puts: 0, putsDeduplicated: 0, gets: 0 };
  return {
    put<T extends { readonly existed: boolean }>(result: T): T {
      sums.puts += 1;
      if (result.existed) sums.putsDeduplicated += 1;
      return result;
    },
    get() {
      sums.gets += 1;
    },
    read: () => ({ ...sums }),
  };
}
