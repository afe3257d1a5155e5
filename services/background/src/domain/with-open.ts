/** Runs `act`, then closes everything it deferred on the stack, the latest first, also after a failure. */
export async function withOpen<T>(act: (open: AsyncDisposableStack) => Promise<T>): Promise<T> {
  const open = new AsyncDisposableStack();
  try {
    return await act(open);
  } finally {
    await open.disposeAsync();
  }
}
