import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { addressOption } from "../options/address-option.ts";

/** Adds `stats`. */
export function addStats(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("stats")
    .summary("show counts, rates, latencies, errors and caches")
    .description("Shows the statistics of all replicas of the mesh since they started, and their stores.")
    .addOption(addressOption())
    .option("--json", "print JSON")
    .action(async ({ address, json }: { address: string; json?: true }) => {
      const stats = await withMesh(io, address, (client) => client.stats({ signal: io.stopping }));
      const { describeStats } = await import("../format/describe-stats.ts");
      const { toStatsJson } = await import("@pixelmesh/json-views");
      io.stdout.write(json ? `${JSON.stringify(toStatsJson(stats), null, 2)}\n` : describeStats(stats));
      finish(0);
    });
}
