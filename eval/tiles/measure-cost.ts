import { readCpuMs } from "@pixelmesh/bench/machine";
import { createFrame } from "@pixelmesh/imaging";
import { type AvailableModel, startInferenceHost } from "@pixelmesh/inference";

/** The cost of tiles of one size, in a separate host. */
export type TileCost = {
  readonly tilePx: number;
  /** Processor time of the host for a pixel of the core of an inner tile, in nanoseconds. */
  readonly cpuNsPerUsefulPixel: number;
  /** Anonymous memory that running them adds, in MiB. */
  readonly memoryMiB: number;
};

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Runs a few tiles of each size after a warm-up, with one thread, because several threads spend time waiting for each other. The
 * least of the times counts, because other processes may use the machine too.
 */
export async function measureCost(model: AvailableModel, tilesPx: readonly number[]): Promise<TileCost[]> {
  const costs: TileCost[] = [];
  for (const tilePx of tilesPx) {
    if (tilePx <= 2 * model.haloPx) continue;
    const host = await startInferenceHost({
      id: "eval",
      providers: ["cpu"],
      threads: { intraOp: 1, interOp: 1 },
      log: quiet,
    });
    try {
      await host.load(model);
      const idleBytes = (await host.memory()).anonymousBytes;
      const pid = (await host.describe()).pid ?? 0;
      const data = Uint8Array.from({ length: tilePx ** 2 * 3 }, (_, at) => (at * at * 31 + (at >> 5)) & 255);
      const { channels, ...tile } = createFrame(tilePx, tilePx, 3, data);
      const runsMs: number[] = [];
      for (let run = 0; run < 3; run++) {
        const before = readCpuMs(pid);
        await host.runTile(model, { ...tile, channels: channels === 1 ? 1 : 3 });
        runsMs.push(readCpuMs(pid) - before);
      }
      const usefulPixels = (tilePx - 2 * model.haloPx) ** 2;
      costs.push({
        tilePx,
        cpuNsPerUsefulPixel: Math.round((Math.min(...runsMs.slice(1)) * 1e6) / usefulPixels),
        memoryMiB: Math.round(((await host.memory()).anonymousBytes - idleBytes) / 2 ** 20),
      });
    } finally {
      await host.close();
    }
  }
  return costs;
}
