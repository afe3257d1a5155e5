import type { Model } from "@pixelmesh/client";
import { choiceFlag, parseAddress } from "@pixelmesh/flag-values";
import type { Listing } from "@pixelmesh/models";
import { type Command, Option } from "commander";
import { toShortSize, toTable } from "../../format/text.ts";
import type { CliIo } from "../../io.ts";
import { withMesh } from "../../mesh-client/with-mesh.ts";

type Options = { readonly task?: string; readonly modelsDir?: string; readonly address?: string; readonly json?: true };

/** Adds `models list`. */
export function addList(models: Command, io: CliIo, finish: (exitCode: number) => void): void {
  models
    .command("list")
    .description(
      "Lists models with sizes and licences: those on this machine and those to pull. With --address, those of a mesh.",
    )
    .option("--task <task>", "only models of this task: upscale or matte", choiceFlag("--task", ["upscale", "matte"]))
    .option("--models-dir <dir>", "a further directory, besides PIXELMESH_MODELS_DIR and the product's own")
    .addOption(
      new Option("--address <host:port>", "ask this mesh instead: what it has loaded, and why it has not").argParser(
        (text) => {
          parseAddress(text);
          return text;
        },
      ),
    )
    .option("--json", "print JSON")
    .action(async (options: Options) => {
      io.stdout.write(await (options.address === undefined ? listFiles(io, options) : listMesh(io, options)));
      finish(0);
    });
}

async function listFiles(io: CliIo, { task, modelsDir, json }: Options): Promise<string> {
  const { listModels, toModelsDirs } = await import("@pixelmesh/models");
  const all = await listModels(toModelsDirs(io.env, modelsDir), io.env);
  const chosen = all.filter((model) => task === undefined || model.task === task);
  if (json) return `${JSON.stringify(chosen, null, 2)}\n`;
  const rows = chosen.map((it) => [
    it.name,
    it.task,
    it.scale > 1 ? `x${it.scale}` : "",
    it.isDefault ? "yes" : "",
    it.sizeBytes === null ? "unknown" : toShortSize(it.sizeBytes),
    toLicenceCell(it),
    toStateText(it),
  ]);
  const table = toTable([["MODEL", "TASK", "SCALE", "DEFAULT", "SIZE", "LICENCE", "STATE"], ...rows]);
  return `${table}${toLicenceFootnote(chosen)}`;
}

function toStateText({ state, why, name, downloadable, sourceUrl, pinned }: Listing): string {
  if (state === "refused") return `refused: ${why}`;
  if (state === "here") return pinned ? "here" : "here, sha256 not pinned";
  if (downloadable) return `pixelmesh models pull ${name}`;
  return sourceUrl === null ? "missing" : `needs an ONNX file by --from; published at ${sourceUrl}`;
}

async function listMesh(io: CliIo, { address = "", task, json }: Options): Promise<string> {
  const call = { signal: io.stopping, ...(task === undefined ? {} : { task }) };
  const models = await withMesh(io, address, (client) => client.models(call));
  return json ? `${JSON.stringify(models, null, 2)}\n` : describeModels(models);
}

function describeModels(models: readonly Model[]): string {
  const rows = models.map((it) => [
    it.name,
    it.task,
    it.scale > 1 ? `x${it.scale}` : "",
    it.isDefault ? "yes" : "",
    it.available ? toShortSize(it.sizeBytes) : `not here: ${it.unavailableReason}`,
    it.loaded ? `${it.provider}, ${toShortSize(it.residentBytes)}` : "",
    toLicenceCell(it),
  ]);
  const table = toTable([["MODEL", "TASK", "SCALE", "DEFAULT", "FILE", "LOADED", "LICENCE"], ...rows]);
  return `${table}${toLicenceFootnote(models)}`;
}

type Licensed = { readonly licence: string; readonly licenceNote: string | null };

/** The licence, marked where there are doubts about that of the weights. */
function toLicenceCell({ licence, licenceNote }: Licensed): string {
  return licenceNote ? `${licence} *` : licence;
}

function toLicenceFootnote(models: readonly Licensed[]): string {
  if (!models.some(({ licenceNote }) => licenceNote)) return "";
  return "\n* there are doubts about the licence of these weights: see `pixelmesh models show NAME` or --json\n";
}
