import type { AppError } from "@pixelmesh/errors";
import type { Listing } from "@pixelmesh/models";
import type { Command } from "commander";
import { toShortSize, toTable } from "../../format/text.ts";
import type { CliIo } from "../../io.ts";

type Options = { readonly modelsDir?: string; readonly json?: true };

/** Adds `models show NAME`. */
export function addShow(models: Command, io: CliIo, finish: (exitCode: number) => void): void {
  models
    .command("show")
    .description(
      "Shows one model: its licence and the doubts about it, what it was trained on, its file, and where it can be pulled from.",
    )
    .argument("<name>", "see `pixelmesh models list`")
    .option("--models-dir <dir>", "a further directory, besides PIXELMESH_MODELS_DIR and the product's own")
    .option("--json", "print JSON")
    .action(async (name: string, options: Options) => {
      const { listModels, toModelsDirs } = await import("@pixelmesh/models");
      const all = await listModels(toModelsDirs(io.env, options.modelsDir), io.env);
      const found = all.find((model) => model.name === name);
      if (found === undefined) throw await toUnknown(name, all);
      io.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : describe(found));
      finish(0);
    });
}

async function toUnknown(name: string, all: readonly Listing[]): Promise<AppError> {
  const { AppError } = await import("@pixelmesh/errors");
  const known = all.map((model) => model.name).join(", ");
  return new AppError("UNKNOWN_MODEL", `Expected a known model, got \`${name.slice(0, 64)}\`; known are: ${known}`, {
    metadata: { known },
  });
}

function describe(model: Listing): string {
  const { task, scale, isDefault, state, path, why, sizeBytes, sha256, sourceUrl } = model;
  const sources = model.sources.map((source) =>
    source.kind === "https" ? source.url : `${source.kind}: ${source.package} ${source.version}, ${source.member}`,
  );
  return toTable([
    ["model", model.name],
    ["task", `${task}${scale > 1 ? ` x${scale}` : ""}${isDefault ? ", the default" : ""}`],
    ["licence", model.licence],
    ["licence note", model.licenceNote ?? "none"],
    ["trained on", model.trainedOn ?? "not known"],
    ["file", state === "here" ? `${path}` : why],
    ["size", sizeBytes === null ? "not known" : toShortSize(sizeBytes)],
    ["sha256", sha256 ?? "not known"],
    ["published at", sourceUrl ?? "comes with Pixelmesh, or is your own"],
    ...(sources.length > 0 ? sources : [model.downloadable ? "" : model.notDownloadable])
      .filter((text) => text !== "")
      .map((text, at) => [at === 0 ? "pulled from" : "", text]),
  ]);
}
