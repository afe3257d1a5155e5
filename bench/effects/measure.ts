// A thread's processor time is brought up to date when it gives up its core, else only at ticks of some ms.
const never = new Int32Array(new SharedArrayBuffer(4));
const shortWaitMs = 0.02;

/** Returns the processor time of this thread in ms. */
export function threadMs(): number {
  Atomics.wait(never, 0, 0, shortWaitMs);
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Returns the processor time of all threads of this process in ms. */
export function processMs(): number {
  Atomics.wait(never, 0, 0, shortWaitMs);
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Returns the time that `work` takes by a clock, in ms. */
export async function timed(work: () => unknown, clockMs: () => number): Promise<number> {
  const before = clockMs();
  await work();
  return clockMs() - before;
}

/**
 * Returns the longest turn of the event loop while `work` runs, in ms of this thread's processor time: between two immediates that do nothing. The time
 * that other processes take does not count.
 */
export async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let isDone = false;
  let last = threadMs();
  const tick = () => {
    const now = threadMs();
    longest = Math.max(longest, now - last);
    last = threadMs();
    if (!isDone) setImmediate(tick);
  };
  setImmediate(tick);
  await work();
  isDone = true;
  await new Promise((resolve) => setImmediate(resolve));
  return longest;
}

/** How far two pictures lie apart, in levels of bytes. */
export type Difference = { readonly largest: number; readonly mean: number; readonly share: number };

/** Compares bytes. `share` is that of samples which differ by more than `levels`. */
export function difference(one: Uint8Array, other: Uint8Array, levels: number): Difference {
  if (one.length !== other.length) return { largest: 255, mean: 255, share: 1 };
  let [largest, sum, count] = [0, 0, 0];
  for (let i = 0; i < one.length; i++) {
    const apart = Math.abs((one[i] as number) - (other[i] as number));
    if (apart > largest) largest = apart;
    if (apart > levels) count++;
    sum += apart;
  }
  return { largest, mean: sum / one.length, share: count / one.length };
}
