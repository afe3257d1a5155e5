import { loadavg } from "node:os";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { spread } from "../harness/stats.ts";
import { runUpscaleJob } from "../harness/upscale-job.ts";

const starts = Number(process.env.PAIRS ?? 5);
const warmRuns = 5;
const size = { widthPx: 640, heightPx: 480 };

/**
 * Measures a picture of 640×480 ×2 with the bundled model: on a warm mesh, and from the start of a mesh (broker, six services, inference
 * host, model) to the last byte of its first result.
 */
export async function upscaleX2Case(): Promise<boolean> {
  const picture = await toScene(size);
  const job = { picture, model: "pixelmesh-sr-x2", scale: 2 };
  const coldMs: number[] = [];
  const firstJobMs: number[] = [];
  const warmMs: number[] = [];
  // The first start fills the compile cache and is not measured.
  for (let start = 0; start <= starts; start++) {
    const startMs = performance.now();
    const mesh = await startBenchMesh();
    try {
      const firstMs = await runUpscaleJob(mesh.client, job);
      if (start === 0) continue;
      coldMs.push(performance.now() - startMs);
      firstJobMs.push(firstMs);
      for (let run = 0; run < warmRuns; run++) warmMs.push(await runUpscaleJob(mesh.client, job));
    } finally {
      await mesh.close();
    }
  }
  const warm = spread(warmMs);
  const cold = spread(coldMs);
  const load = loadavg()[0];
  return report("upscale-x2", [
    {
      name: "640×480 ×2 with pixelmesh-sr-x2, warm, end to end",
      value: warm.median,
      unit: "ms",
      bound: 1_000,
      details: { runs: warmMs.length, warm, load },
    },
    {
      name: "from the start of a mesh to its first result",
      value: cold.median,
      unit: "ms",
      bound: 5_000,
      details: { starts, cold, firstJobMs: spread(firstJobMs), load },
    },
  ]);
}
