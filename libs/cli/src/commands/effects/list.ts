import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { withMesh } from "../../mesh-client/with-mesh.ts";
import { addressOption } from "../../options/address-option.ts";

type Options = { readonly address: string; readonly json?: true };

/** Adds `effects list`. */
export function addList(effects: Command, io: CliIo, finish: (exitCode: number) => void): void {
  effects
    .command("list")
    .description("Lists the effects of the mesh by group, with their parameters.")
    .addOption(addressOption())
    .option("--json", "print JSON")
    .action(async ({ address, json }: Options) => {
      const all = await withMesh(io, address, (client) => client.effects({ signal: io.stopping }));
      const { describeEffects } = await import("../../format/describe-effects.ts");
      const { toEffectJson } = await import("@pixelmesh/json-views");
      io.stdout.write(json ? `${JSON.stringify(all.map(toEffectJson), null, 2)}\n` : describeEffects(all));
      finish(0);
    });
}
