import type { ModelCheck } from "@pixelmesh/models";
import type { Command } from "commander";
import { toTable } from "../../format/text.ts";
import type { CliIo } from "../../io.ts";

type Options = { readonly load?: true; readonly modelsDir?: string; readonly json?: true };

/** Adds `models verify`. */
export function addVerify(models: Command, io: CliIo, finish: (exitCode: number) => void): void {
  models
    .command("verify")
    .description(
      "Reads model files and compares each with its entry. Fails where one is wrong, or a named one missing.",
    )
    .argument("[name...]", "default: all on this machine")
    .option("--load", "also load each into an inference host and run a probe tile")
    .option("--models-dir <dir>", "a further directory, besides PIXELMESH_MODELS_DIR and the product's own")
    .option("--json", "print JSON")
    .action(async (names: string[], options: Options) => {
      const all = await verify(names, io, options);
      const shown = names.length > 0 ? all : all.filter(({ state }) => state !== "missing");
      io.stdout.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : describe(shown));
      finish(shown.every(({ state }) => state === "ok" || state === "unpinned") ? 0 : 1);
    });
}

async function verify(names: readonly string[], io: CliIo, options: Options): Promise<readonly ModelCheck[]> {
  const { openProbeHost, toModelsDirs, verifyModels } = await import("@pixelmesh/models");
  const request = { dirs: toModelsDirs(io.env, options.modelsDir), names, signal: io.stopping };
  if (!options.load) return verifyModels(request);
  const host = await openProbeHost();
  try {
    return await verifyModels({ ...request, host });
  } finally {
    await host.close();
  }
}

function describe(verdicts: readonly ModelCheck[]): string {
  const rows = verdicts.map(({ name, state, path, sha256, why }) => [name, state, why || `${path}  sha256 ${sha256}`]);
  return toTable([["MODEL", "STATE", "FILE"], ...rows]);
}
