import { AppError } from "@pixelmesh/errors";

/** Returns the promise's value, or throws DEADLINE_EXCEEDED after `timeoutMs`. The work itself continues; give it a signal to end it. */
export async function withTimeout<T>(what: string, timeoutMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AppError("DEADLINE_EXCEEDED", `${what} took longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
