import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { addressOption } from "../options/address-option.ts";

/** Adds `status`. */
export function addStatus(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("status")
    .summary("show services, devices, memory, slots and queues")
    .description("Shows services with addresses and metrics, devices, memory, slots and queues.")
    .addOption(addressOption())
    .option("--json", "print JSON")
    .action(async ({ address, json }: { address: string; json?: true }) => {
      const cluster = await withMesh(io, address, (client) => client.cluster({ signal: io.stopping }));
      const { describeCluster } = await import("../format/describe-cluster.ts");
      const { toClusterJson } = await import("@pixelmesh/json-views");
      io.stdout.write(
        json ? `${JSON.stringify(toClusterJson(address, cluster), null, 2)}\n` : describeCluster(cluster),
      );
      finish(0);
    });
}
