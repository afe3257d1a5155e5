/**
 * `make eval-models`: the models of the registry through a running mesh, judged on Set5 and GrabCut; one table, a JSON file
 * for each in eval/results/, contact sheets in out/eval/. MODELS=a,b names some; default all that are here. Exits 1 where a
 * bar is missed, a model fails, or one that was named is not here.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPixelmesh, type Pixelmesh } from "@pixelmesh/client";
import { startMesh } from "@pixelmesh/local-mesh";
import { chooseModels } from "./choose-models.ts";
import { evaluateMattes, evaluateUpscalers } from "./evaluate.ts";
import { scoreTable } from "./table.ts";

async function evaluate(client: Pixelmesh, wanted: readonly string[]): Promise<boolean> {
  const { chosen, absent } = chooseModels(await client.models(), wanted);
  for (const { name, why } of absent) console.log(`SKIPPED: ${name}: ${why}`);
  const ofTask = (task: string) => chosen.filter((model) => model.task === task);
  const upscalers = await evaluateUpscalers(client, ofTask("upscale"));
  const mattes = await evaluateMattes(client, ofTask("matte"));
  const scores = [...upscalers.scores, ...mattes.scores];
  if (scores.length === 0) console.log("eval: nothing was measured");
  else console.log(`\n${scoreTable(scores)}\nkept in eval/results/; contact sheets in out/eval/`);
  const isComplete =
    upscalers.failed.length + mattes.failed.length === 0 && (wanted.length === 0 || absent.length === 0);
  return isComplete && scores.every(({ bar }) => bar?.isReached ?? true);
}

const wanted = (process.env.MODELS ?? "").split(",").filter((name) => name !== "");
const dataDir = await mkdtemp(join(tmpdir(), "pixelmesh-eval-"));
const mesh = await startMesh({ dataDir, ports: "free", env: process.env });
const stop = async () => {
  await mesh.stop();
  await rm(dataDir, { recursive: true, force: true });
};
process.once("SIGINT", () => void stop().then(() => process.exit(130)));
const client = connectPixelmesh({ address: mesh.address });
try {
  process.exitCode = (await evaluate(client, wanted)) ? 0 : 1;
} catch (error) {
  console.error(`eval: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  client.close();
  await stop();
}
