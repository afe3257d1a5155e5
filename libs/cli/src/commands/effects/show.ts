import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { withMesh } from "../../mesh-client/with-mesh.ts";
import { addressOption } from "../../options/address-option.ts";

type Options = { readonly address: string; readonly json?: true };

/** Adds `effects show NAME`. */
export function addShow(effects: Command, io: CliIo, finish: (exitCode: number) => void): void {
  effects
    .command("show")
    .description("Shows one effect: form, range, default and meaning of each parameter, and a command line to try it.")
    .argument("<name>", "the effect (see `effects list`)")
    .addOption(addressOption())
    .option("--json", "print JSON")
    .action(async (name: string, { address, json }: Options) => {
      const all = await withMesh(io, address, (client) => client.effects({ signal: io.stopping }));
      const { findEffect } = await import("../../preview/known-effects.ts");
      const { describeEffect } = await import("../../format/describe-effects.ts");
      const { toEffectJson } = await import("@pixelmesh/json-views");
      const effect = findEffect(all, name);
      io.stdout.write(json ? `${JSON.stringify(toEffectJson(effect), null, 2)}\n` : describeEffect(effect));
      finish(0);
    });
}
