import type { Command } from "commander";
import type { CliIo } from "../io.ts";
import { withMesh } from "../mesh-client/with-mesh.ts";
import { addressOption } from "../options/address-option.ts";

type Options = { readonly address: string; readonly json?: true };

const examples = `
Examples:
  pixelmesh features
  pixelmesh features product_photo
  pixelmesh run shoe.jpg --feature product_photo:aspect=4:5,shadow=60`;

/** Adds `features [NAME]`. */
export function addFeatures(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("features")
    .summary("list features, or show one")
    .description("Lists the named pipelines of the mesh, or shows the parameters of one, its steps and where they run.")
    .argument("[name]", "the feature to show")
    .addOption(addressOption())
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action(async (name: string | undefined, { address, json }: Options) => {
      const all = await withMesh(io, address, (client) => client.features({ signal: io.stopping }));
      const { describeFeature, describeFeatures, findFeature } = await import("../format/describe-features.ts");
      const { toFeatureJson } = await import("@pixelmesh/json-views");
      const shown = name === undefined ? undefined : findFeature(all, name);
      const text = shown ? describeFeature(shown) : describeFeatures(all);
      const document = shown ? toFeatureJson(shown) : all.map(toFeatureJson);
      io.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : text);
      finish(0);
    });
}
