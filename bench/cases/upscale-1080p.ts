import { startBenchMesh } from "../harness/bench-mesh.ts";
import { compareWithBaseline } from "../harness/compare-with-baseline.ts";
import { type Figure, report } from "../harness/report.ts";

const pairs = Number(process.env.PAIRS ?? 3);
const size = { widthPx: 1920, heightPx: 1080 };

/** Compares one warm picture of 1920×1080 ×4, which the mesh runs in tiles, with the baseline script, which runs it whole. */
export async function upscale1080pCase(): Promise<boolean> {
  const mesh = await startBenchMesh();
  try {
    const figures: (Figure | undefined)[] = [
      await compareWithBaseline(mesh, { model: "pixelmesh-sr-x4", scale: 4, size, pairs: 3 * pairs, bound: 1.1 }),
      await compareWithBaseline(mesh, { model: "realesr-general-x4v3", scale: 4, size, pairs, bound: 1.1 }),
    ];
    return report(
      "upscale-1080p",
      figures.filter((figure) => figure !== undefined),
    );
  } finally {
    await mesh.close();
  }
}
