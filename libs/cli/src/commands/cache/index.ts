import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { withMesh } from "../../mesh-client/with-mesh.ts";
import { addressOption } from "../../options/address-option.ts";
import { addWarm } from "./warm.ts";

/** Adds `cache`, which shows the caches, and `cache warm`. */
export function addCache(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  const cache = program
    .command("cache")
    .summary("show what is cached, and make results ready in advance")
    .description("Cached results, and the tiers that hold their bytes.");
  cache
    .command("show", { isDefault: true })
    .description("Shows sizes, tiers and hit rates in short.")
    .addOption(addressOption())
    .option("--json", "print JSON")
    .action(async ({ address, json }: { address: string; json?: true }) => {
      const stats = await withMesh(io, address, (client) => client.stats({ signal: io.stopping }));
      const { describeCache, toCacheJson } = await import("../../cache/describe-cache.ts");
      io.stdout.write(json ? `${JSON.stringify(toCacheJson(stats), null, 2)}\n` : describeCache(stats));
      finish(0);
    });
  addWarm(cache, io, finish);
}
