import { startBenchMesh } from "../harness/bench-mesh.ts";
import { compareWithBaseline } from "../harness/compare-with-baseline.ts";
import { type Figure, report } from "../harness/report.ts";

const pairs = Number(process.env.PAIRS ?? 9);
const size = { widthPx: 640, heightPx: 480 };

/** Compares one warm picture of 640×480 ×4 with the baseline script, for a slow model and the bundled one. */
export async function upscale640x480Case(): Promise<boolean> {
  const mesh = await startBenchMesh();
  try {
    const figures: (Figure | undefined)[] = [
      await compareWithBaseline(mesh, { model: "realesr-general-x4v3", scale: 4, size, pairs, bound: 1.05 }),
      await compareWithBaseline(mesh, { model: "pixelmesh-sr-x4", scale: 4, size, pairs: 2 * pairs, bound: 1.12 }),
    ];
    return report(
      "upscale-640x480",
      figures.filter((figure) => figure !== undefined),
    );
  } finally {
    await mesh.close();
  }
}
