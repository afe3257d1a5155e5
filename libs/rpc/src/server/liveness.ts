const maxLagMs = 5_000;

/** Whether the event loop of this process runs. */
export type Liveness = { isAlive(): boolean; close(): void };

/** Checks each second whether the event loop was blocked for over 5 s. Calls `onChange` when that changes. */
export function createLiveness(onChange: () => void): Liveness {
  let isAlive = true;
  let lastTickMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const wasAlive = isAlive;
    isAlive = nowMs - lastTickMs <= maxLagMs;
    lastTickMs = nowMs;
    if (isAlive !== wasAlive) onChange();
  }, 1_000);
  timer.unref();
  return { isAlive: () => isAlive, close: () => clearInterval(timer) };
}
