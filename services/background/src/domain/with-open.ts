/** Runs `act` and then closes what it has deferred on the stack, the latest first, also where it failed. */
export async function withOpen<T>(act: (open: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const open = new AsyncDisposableStack();
  try {
    return await act(open);
  } finally {
    await open.disposeAsync();
  }
}
