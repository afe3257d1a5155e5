import { startTestMesh } from "@pixelmesh/testing";
import { expect, test } from "vitest";
import { withComposites } from "../confidence/composites.ts";
import { areaUnderCurve, rateAll } from "../confidence/rate.ts";
import { findGrabCut, loadGrabCut } from "../grabcut.ts";

// `findGrabCut` prints why this is skipped.
test.runIf(findGrabCut())("the confidence of the bundled model tells bad cut-outs from good ones", async () => {
  await using mesh = await startTestMesh();
  const pictures = await withComposites(await loadGrabCut());
  const easy = pictures.filter(({ set }) => set === "photographs" || set === "plain");
  const rated = await rateAll(mesh.client, "pixelmesh-matte", easy);
  const area = areaUnderCurve(rated);
  console.log(`area under the curve: ${area.toFixed(3)}, of ${rated.length} cut-outs`);
  // `make eval-confidence` asks for 0.8 over all. Other processors may round a model's values otherwise, which moves a few of so few pictures.
  expect(area).toBeGreaterThanOrEqual(0.75);
});
