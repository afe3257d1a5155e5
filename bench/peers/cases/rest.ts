import { setTimeout as sleep } from "node:timers/promises";
import { runPeerCase } from "../tools/case-setup.ts";
import { meshPids } from "../tools/mesh-work.ts";

const intervalMs = Number(process.env.REST_S || 30) * 1_000;

/** A mesh without work: its processor time as a share of one core, and its memory. No peer does the same. */
export function restCase(): Promise<boolean> {
  const side = "pixelmesh";
  return runPeerCase(
    {
      caseName: "rest",
      values: [
        {
          side,
          measure: "cpuS",
          name: "processor time, of one core",
          unit: "%",
          per: intervalMs / 100_000,
          bound: 1,
        },
        { side, measure: "peakMiB", name: "memory (sum of PSS), most", unit: "MiB", bound: 450 },
      ],
      facts: { seconds: intervalMs / 1_000 },
    },
    async ({ mesh }) => ({
      ours: [
        {
          name: side,
          isOurs: true,
          pids: () => meshPids(mesh),
          async run(signal) {
            await sleep(intervalMs, undefined, { signal });
            return {};
          },
          close: async () => {},
        },
      ],
      peers: [],
    }),
  );
}
