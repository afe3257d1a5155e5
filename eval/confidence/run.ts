/**
 * `make eval-confidence`: how well the confidence of cut-outs tells bad ones from good ones. Cuts out the GrabCut photographs and composites of their objects with each matte model that
 * is here, prints the area under the ROC curve, and writes eval/results/confidence.json. Exits with 1 if the area over all is below 0.8.
 */
import { writeFile } from "node:fs/promises";
import { machineFacts } from "@pixelmesh/bench/machine";
import type { Pixelmesh } from "@pixelmesh/client";
import { runWithMesh } from "@pixelmesh/local-mesh";
import { findGrabCut, loadGrabCut } from "../grabcut.ts";
import { withComposites } from "./composites.ts";
import { areaUnderCurve, badIou, type Rated, rateAll } from "./rate.ts";

const leastArea = 0.8;
const resultsUrl = new URL("../results/confidence.json", import.meta.url);

type Row = {
  readonly model: string;
  readonly set: string;
  readonly pictures: number;
  readonly bad: number;
  readonly area: number;
};

function toRow(model: string, set: string, rated: readonly Rated[]): Row {
  const bad = rated.filter(({ iou }) => iou < badIou).length;
  return { model, set, pictures: rated.length, bad, area: Number(areaUnderCurve(rated).toFixed(3)) };
}

async function evaluate(client: Pixelmesh): Promise<boolean> {
  if (findGrabCut() === undefined) return true;
  const pictures = await withComposites(await loadGrabCut());
  const models = (await client.models()).filter(({ task, available }) => task === "matte" && available);
  const all: Rated[] = [];
  const rows: Row[] = [];
  for (const { name } of models) {
    const rated = await rateAll(client, name, pictures);
    all.push(...rated);
    for (const set of new Set(pictures.map((picture) => picture.set)))
      rows.push(
        toRow(
          name,
          set,
          rated.filter((one) => one.set === set),
        ),
      );
    rows.push(toRow(name, "all", rated));
  }
  const total = toRow("all", "all", all);
  rows.push(total);
  for (const { model, set, pictures: count, bad, area } of rows)
    console.log(
      `${model.padEnd(16)} ${set.padEnd(14)} ${String(bad).padStart(3)} bad of ${String(count).padStart(3)}   area ${area}`,
    );
  const document = {
    command: "make eval-confidence",
    at: new Date().toISOString(),
    machine: machineFacts(),
    badIou,
    rows,
  };
  await writeFile(resultsUrl, `${JSON.stringify(document, null, 2)}\n`);
  return total.area >= leastArea;
}

await runWithMesh("eval", evaluate);
