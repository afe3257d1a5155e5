import type { EffectDescription } from "@pixelmesh/client";
import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { addressOption } from "../options/address-option.ts";

type Options = { readonly address: string; readonly json?: true };

/** Adds `effects`. */
export function addEffects(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("effects")
    .summary("list effects and their parameters")
    .description("Lists the effects of the mesh, or the parameters of one: form, default and meaning of each.")
    .argument("[name]", "one effect")
    .addOption(addressOption())
    .option("--json", "print JSON")
    .action(async (name: string | undefined, { address, json }: Options) => {
      const effects = await withMesh(io, address, (client) => client.effects({ signal: io.stopping }));
      const { describeEffect, describeEffects, toEffectJson } = await import("../format/describe-effects.ts");
      const chosen = name === undefined ? effects : [await findEffect(effects, name)];
      const text = name === undefined ? describeEffects(effects) : describeEffect(chosen[0] as EffectDescription);
      io.stdout.write(json ? `${JSON.stringify(chosen.map(toEffectJson), null, 2)}\n` : text);
      finish(0);
    });
}

async function findEffect(effects: readonly EffectDescription[], name: string): Promise<EffectDescription> {
  const found = effects.find((effect) => effect.name === name);
  if (found !== undefined) return found;
  const known = effects.map((effect) => effect.name).join(", ");
  const { AppError } = await import("@pixelmesh/errors");
  throw new AppError("UNKNOWN_EFFECT", `Unknown effect \`${name}\`; known: ${known}`);
}
