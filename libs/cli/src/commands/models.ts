import type { Model } from "@pixelmesh/client";
import type { Command } from "commander";
import { addressOption } from "../address-option.ts";
import type { CliIo } from "../io.ts";
import { toShortSize, toTable } from "../text.ts";
import { withMesh } from "../with-mesh.ts";

/** Adds `models list`. */
export function addModels(program: Command, io: CliIo, finish: (exitCode: number) => void): void {
  program
    .command("models")
    .summary("look at the models of a mesh")
    .description("Looks at the models of a mesh.")
    .command("list")
    .description("Lists models: what they do, whether they are here, loaded, and why not.")
    .addOption(addressOption())
    .option("--task <task>", "only those of one task: upscale or matte")
    .option("--json", "print JSON")
    .action(async ({ address, task, json }: { address: string; task?: string; json?: true }) => {
      const call = { signal: io.stopping, ...(task === undefined ? {} : { task }) };
      const models = await withMesh(io, address, (client) => client.models(call));
      io.stdout.write(json ? `${JSON.stringify(models, null, 2)}\n` : describeModels(models));
      finish(0);
    });
}

function describeModels(models: readonly Model[]): string {
  const rows = models.map((it) => [
    it.name,
    it.task,
    it.scale > 1 ? `x${it.scale}` : "",
    it.isDefault ? "yes" : "",
    it.available ? toShortSize(it.sizeBytes) : `not here: ${it.unavailableReason}`,
    it.loaded ? `${it.provider}, ${toShortSize(it.residentBytes)}` : "",
    it.licence,
  ]);
  return toTable([["MODEL", "TASK", "SCALE", "DEFAULT", "FILE", "LOADED", "LICENCE"], ...rows]);
}
