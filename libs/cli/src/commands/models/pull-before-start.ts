import { toShortSize } from "../../format/text.ts";
import type { CliIo } from "../../io.ts";
import { toMeshModelsEnv } from "./mesh-models-env.ts";

const namedLimitMs = 5 * 60_000;

/**
 * Pulls the models of `up --pull` into the first of these directories, else as `models pull` does. Says in one line for each what came and
 * what did not; the mesh starts in both cases. Throws UNKNOWN_MODEL for a name that no manifest has.
 */
export async function pullBeforeStart(
  asked: readonly string[],
  modelsDirs: readonly string[],
  io: CliIo,
): Promise<void> {
  const models = await import("@pixelmesh/models");
  const env = toMeshModelsEnv(io.env, modelsDirs);
  const dirs = models.toModelsDirs(env);
  const targetDir = await models.chooseTargetDir(env);
  const pull = (names: readonly string[], limitMs: number) =>
    models.pullAhead({
      ...{ names, dirs, targetDir, env, limitMs, signal: io.stopping },
      say: (line) => io.stderr.write(`${line}\n`),
    });
  const named = asked.filter((name) => name !== "recommended");
  const reports = await pull(named, namedLimitMs);
  const recommended = named.length < asked.length ? await models.listRecommended(dirs, env) : [];
  const more = recommended.filter((name) => !named.includes(name));
  for (const { name, sizeBytes, path, pulled } of [...reports, ...(await pull(more, models.recommendedLimitMs))]) {
    if (pulled) io.stdout.write(`pulled ${name}, ${toShortSize(sizeBytes)}, to ${path}\n`);
  }
}
