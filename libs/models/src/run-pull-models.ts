import { parseArgs } from "node:util";
import { AppError, expected, toAppError } from "@pixelmesh/errors";
import { loadRegistry } from "@pixelmesh/inference";
import { createLogger } from "@pixelmesh/telemetry";
import { chooseTargetDir, toModelsDirs } from "./directories.ts";
import { pullModel } from "./pull.ts";

/**
 * Runs instead of a service that is started with `--pull-models=a,b` (and `--from=` a mirror): pulls each missing model into
 * PIXELMESH_MODELS_DIR and returns. Sets exit code 1 if a model could not be pulled. Refuses a model without a sha256 in its
 * entry or its sources, because an unattended start must not pin the first download.
 */
export async function runPullModels(process: NodeJS.Process, service: string): Promise<void> {
  const log = createLogger({ service, instance: "models", level: process.env.PIXELMESH_LOG_LEVEL || "info" });
  const stopping = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stopping.abort());
  try {
    const { values } = parseArgs({
      args: process.argv.slice(2),
      options: { "pull-models": { type: "string" }, from: { type: "string" } },
    });
    const names = (values["pull-models"] ?? "").split(",").filter((name) => name !== "");
    if (names.length === 0) throw expected("--pull-models", "names of models, separated by commas", "");
    const { env } = process;
    const dirs = toModelsDirs(env);
    const registry = await loadRegistry({ dirs });
    for (const name of names) {
      const { entry } = registry.status(name);
      const isKnown = entry.sha256 !== null || (values.from === undefined && entry.sources.length > 0);
      if (!isKnown) {
        const text = `\`${name}\` has no sha256 in its entry; pull it once by hand and ship that manifest`;
        throw new AppError("DIGEST_MISMATCH", text);
      }
      const targetDir = await chooseTargetDir(env);
      const from = values.from === undefined ? {} : { from: values.from };
      const report = await pullModel({ name, dirs, targetDir, env, signal: stopping.signal, ...from });
      log.info({ model: name, path: report.path, sha256: report.sha256, pulled: report.pulled }, "model is here");
    }
  } catch (error) {
    log.error({ err: error, why: toAppError(error).message }, "models were not brought");
    process.exitCode = 1;
  }
}
