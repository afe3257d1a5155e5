import { toAppError } from "@pixelmesh/errors";
import { type SweepParts, sweepPredictions } from "./sweep.ts";

const sweepEveryMs = 30_000;

/** Sweeps the predictions every 30 s until closed. Replicas begin at different times; entries are removed by compare-and-set. */
export function startSweep(parts: SweepParts): { close(): Promise<void> } {
  let start = Math.floor(Math.random() * 1_000);
  let running: Promise<void> = Promise.resolve();
  let timer = setTimeout(tick, Math.random() * sweepEveryMs);

  async function sweep(): Promise<void> {
    try {
      start = await sweepPredictions(parts, start);
    } catch (error) {
      parts.calls.base.log.debug({ err: toAppError(error) }, "predictions not swept; tried again");
    }
  }
  function tick(): void {
    running = sweep().then(() => {
      timer = setTimeout(tick, sweepEveryMs);
    });
  }
  return {
    async close() {
      clearTimeout(timer);
      await running;
      clearTimeout(timer);
    },
  };
}
