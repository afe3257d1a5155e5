import { loadavg } from "node:os";
import { startMemorySampler } from "./memory-sampler.ts";
import { readCostMs } from "./process-tree.ts";
import type { Side, SideCost } from "./side.ts";

/** Number of measured rounds, from ROUNDS. */
export const rounds = Number(process.env.ROUNDS || 5);

const runLimitMs = Number(process.env.PEERS_RUN_LIMIT_S || 600) * 1_000;

/**
 * Runs every side once unmeasured, then `rounds` times interleaved, in an order that rotates. Returns the costs of the sides. A peer that
 * fails or exceeds the limit of time is left out, loudly. Throws if Pixelmesh fails. Closes all sides in any case.
 */
export async function compareSides(all: readonly Side[]): Promise<SideCost[]> {
  if (!(rounds >= 1)) throw new Error(`Expected ROUNDS to be at least 1, got ${process.env.ROUNDS}`);
  const sampler = startMemorySampler();
  const costs = new Map(all.map((side) => [side.name, emptyCost(side)]));
  let sides = [...all];
  const attempt = async (side: Side, act: () => Promise<unknown>) => {
    try {
      await act();
    } catch (error) {
      if (side.isOurs) throw error;
      console.log(`  !!! LEFT OUT: ${side.name} failed: ${error instanceof Error ? error.message : error}`);
      await side.close().catch(() => {});
      sides = sides.filter((other) => other !== side);
      costs.delete(side.name);
    }
  };
  try {
    for (const side of [...sides]) await attempt(side, () => withinLimit(side, side.run));
    for (let round = 0; round < rounds; round++) {
      const shift = round % sides.length;
      for (const side of [...sides.slice(shift), ...sides.slice(0, shift)]) {
        // Several sides of ours share one mesh.
        const own = new Set(side.pids());
        const others = all.flatMap((other) => other.pids()).filter((pid) => !own.has(pid));
        await attempt(side, async () => {
          sampler.start(others);
          const beforeMs = readCostMs(side.pids());
          const startMs = performance.now();
          const values = await withinLimit(side, side.run);
          const wallMs = performance.now() - startMs;
          const cpuMs = readCostMs(side.pids()) - beforeMs;
          add(costs.get(side.name) as SideCost, { wallMs, cpuMs, peak: await sampler.stop(), values });
        });
      }
    }
    return [...costs.values()];
  } finally {
    await sampler.close();
    for (const side of all) await side.close().catch((error: unknown) => console.error(`  ${side.name}: ${error}`));
  }
}

type Round = {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peak: number;
  readonly values: Readonly<Record<string, number>>;
};

function emptyCost({ name, isOurs, hasOwnWork = false }: Side): SideCost {
  return { name, isOurs, hasOwnWork, wallS: [], cpuS: [], peakMiB: [], load: [], values: {} };
}

function add(cost: SideCost, { wallMs, cpuMs, peak, values }: Round): void {
  cost.wallS.push(wallMs / 1_000);
  cost.cpuS.push(cpuMs / 1_000);
  cost.peakMiB.push(peak / 2 ** 20);
  cost.load.push(loadavg()[0] as number);
  for (const [name, value] of Object.entries(values)) {
    cost.values[name] ??= [];
    cost.values[name].push(value);
  }
}

async function withinLimit<T>(side: Side, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(runLimitMs);
  const expired = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`${side.name} took more than ${runLimitMs / 1_000} s`)));
  });
  return Promise.race([run(signal), expired]);
}
