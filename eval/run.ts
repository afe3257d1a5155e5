/**
 * `make eval-models`: evaluates models of the registry on Set5 and GrabCut through a mesh. Prints one table, and writes a JSON
 * file for each model to eval/results/ and contact sheets to out/eval/. MODELS=a,b names some; default all available ones. Exits
 * with 1 if a bar is missed, a model fails, or a named model is not available.
 */
import type { Pixelmesh } from "@pixelmesh/client";
import { runWithMesh } from "@pixelmesh/local-mesh";
import { chooseModels } from "./choose-models.ts";
import { evaluateMattes, evaluateUpscalers } from "./evaluate.ts";
import { drawSheets } from "./page/draw-sheets.ts";
import { writePage } from "./page/write-page.ts";
import { evaluatePhotographs } from "./photographs/evaluate.ts";
import { photographTable, scoreTable } from "./table.ts";

async function evaluate(client: Pixelmesh, wanted: readonly string[]): Promise<boolean> {
  const { chosen, absent } = chooseModels(await client.models(), wanted);
  for (const { name, why } of absent) console.log(`SKIPPED: ${name}: ${why}`);
  const ofTask = (task: string) => chosen.filter((model) => model.task === task);
  const upscalers = await evaluateUpscalers(client, ofTask("upscale"));
  const photographs = await evaluatePhotographs(client, ofTask("upscale"));
  const mattes = await evaluateMattes(client, ofTask("matte"));
  const scores = [...upscalers.scores, ...mattes.scores];
  if (scores.length === 0) console.log("eval: nothing was measured");
  else console.log(`\n${scoreTable(scores)}\nkept in eval/results/; contact sheets in out/eval/`);
  if (photographs.length > 0) console.log(`\n${photographTable(photographs)}`);
  if (wanted.length === 0) await drawSheets(client, chosen);
  await writePage();
  const isComplete =
    upscalers.failed.length + mattes.failed.length === 0 && (wanted.length === 0 || absent.length === 0);
  return isComplete && scores.every(({ bar }) => bar?.isReached ?? true);
}

const wanted = (process.env.MODELS ?? "").split(",").filter((name) => name !== "");
await runWithMesh("eval", (client) => evaluate(client, wanted));
