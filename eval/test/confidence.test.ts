import { startTestMesh } from "@pixelmesh/testing";
import { expect, test } from "vitest";
import { withComposites } from "../confidence/composites.ts";
import { areaUnderCurve, rateAll } from "../confidence/rate.ts";
import { findGrabCut, loadGrabCut } from "../grabcut.ts";

// `findGrabCut` prints why this is skipped.
test.runIf(findGrabCut())("the confidence of the bundled model tells bad cut-outs from good ones", async () => {
  await using mesh = await startTestMesh();
  const rated = await rateAll(mesh.client, "pixelmesh-matte", await withComposites(await loadGrabCut()));
  const area = areaUnderCurve(rated);
  console.log(`area under the curve: ${area.toFixed(3)}, of ${rated.length} cut-outs`);
  expect(area).toBeGreaterThanOrEqual(0.8);
});
