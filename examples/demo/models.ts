import { fileURLToPath } from "node:url";
import { chooseTargetDir, listRecommended, pullAhead, recommendedLimitMs, toModelsDirs } from "@pixelmesh/models";

/** Where the demo keeps pulled models. It is not `models/`, so that the demo does not change what other commands and tests find there. */
export const modelsDir = fileURLToPath(new URL("../../.tools/models", import.meta.url));

/** Pulls the models that are better than the bundled ones, for at most 10 s. The demo goes on without what does not come. */
export async function pullRecommended(): Promise<void> {
  const { env } = process;
  const targetDir = await chooseTargetDir(env, modelsDir);
  const dirs = toModelsDirs(env, targetDir);
  const names = await listRecommended(dirs, env);
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once("SIGINT", stop);
  try {
    const limits = { limitMs: recommendedLimitMs, signal: stopping.signal };
    const reports = await pullAhead({ names, dirs, targetDir, env, ...limits, say: (line) => console.log(line) });
    for (const { name, path } of reports) console.log(`pulled ${name} to ${path}`);
  } catch (error) {
    if (stopping.signal.aborted) process.exit(130);
    throw error;
  } finally {
    process.off("SIGINT", stop);
  }
}
