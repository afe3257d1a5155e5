import type { Command } from "commander";
import { toShortSize, toShortTime, toTable } from "../../format/text.ts";
import type { CliIo } from "../../io.ts";
import { withMesh } from "../../mesh-client/with-mesh.ts";
import { readAccess } from "../../options/access.ts";
import { addressOption } from "../../options/address-option.ts";

type Options = { readonly address: string; readonly json?: true };

/** Adds `models load`. */
export function addLoad(models: Command, io: CliIo, finish: (exitCode: number) => void): void {
  models
    .command("load")
    .description("Loads a model in every replica of its service, and prints the memory before and after.")
    .argument("<name>")
    .option("--pin", "never evict it")
    .addOption(addressOption())
    .option("--json", "print JSON")
    .action(async (name: string, { address, json, pin = false }: Options & { pin?: boolean }) => {
      const { onEveryReplica } = await import("../../mesh-client/model-services.ts");
      const rows = await withMesh(io, address, (client) =>
        onEveryReplica(client, name, readAccess(io.env), async (rpc, replica) => {
          const loaded = await rpc.loadModel({ name, pin }, { signal: io.stopping, timeoutMs: loadTimeoutMs });
          const { memoryBeforeBytes, memoryAfterBytes, loadMs } = loaded;
          const provider = loaded.model?.provider ?? "";
          return { replica, name, memoryBeforeBytes, memoryAfterBytes, loadMs, provider };
        }),
      );
      const head = ["REPLICA", "MODEL", "BEFORE", "AFTER", "TOOK", "BY"];
      const cells = rows.map((it) => [...toMemoryCells(it), toShortTime(it.loadMs), it.provider]);
      io.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : toTable([head, ...cells]));
      finish(0);
    });
}

/** Adds `models unload`. */
export function addUnload(models: Command, io: CliIo, finish: (exitCode: number) => void): void {
  models
    .command("unload")
    .description("Unloads a model in every replica of its service when its running work is done.")
    .argument("<name>")
    .addOption(addressOption())
    .option("--json", "print JSON")
    .action(async (name: string, { address, json }: Options) => {
      const { onEveryReplica } = await import("../../mesh-client/model-services.ts");
      const rows = await withMesh(io, address, (client) =>
        onEveryReplica(client, name, readAccess(io.env), async (rpc, replica) => {
          const unloaded = await rpc.unloadModel({ name }, { signal: io.stopping, timeoutMs: loadTimeoutMs });
          return { replica, name, ...unloaded };
        }),
      );
      const head = ["REPLICA", "MODEL", "BEFORE", "AFTER", ""];
      const cells = rows.map((it) => [...toMemoryCells(it), it.wasLoaded ? "" : "was not loaded"]);
      io.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : toTable([head, ...cells]));
      finish(0);
    });
}

const loadTimeoutMs = 120_000;

type Memory = {
  readonly replica: string;
  readonly name: string;
  readonly memoryBeforeBytes: number;
  readonly memoryAfterBytes: number;
};

function toMemoryCells({ replica, name, memoryBeforeBytes, memoryAfterBytes }: Memory): string[] {
  return [replica, name, toShortSize(memoryBeforeBytes), toShortSize(memoryAfterBytes)];
}
